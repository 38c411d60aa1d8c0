/** Numbers and times as people say them. */
import { Time } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Value } from '../api/types';

/** The wire's times are UTC without a zone letter. */
export function parseTime(time: string): Date {
  return new Date(/(Z|[+-]\d\d:?\d\d)$/.test(time) ? time : `${time}Z`);
}

export function formatTime(time: string): string {
  return parseTime(time).toLocaleString();
}

/** `3 minutes ago`, or as short as the language can. */
export function formatAgo(time: string, style: Time.HumanStyle = 'long'): string {
  return Time.formatHuman(parseTime(time), style);
}

/** `21 ms`, `0.4 s`, `12 s`, `2 m 3 s`, `1 h 4 m`, `2 d 3 h`. */
export function formatDuration(trans: TranslationBundle, seconds: number): string {
  if (seconds < 0.0995) {
    return trans.__('%1 ms', Math.max(0, Math.round(seconds * 1000)));
  }
  if (seconds < 9.95) {
    return trans.__('%1 s', Math.round(seconds * 10) / 10);
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return trans.__('%1 s', whole);
  }
  if (whole < 3600) {
    return trans.__('%1 m %2 s', Math.floor(whole / 60), whole % 60);
  }
  if (whole < 86_400) {
    return trans.__('%1 h %2 m', Math.floor(whole / 3600), Math.floor((whole % 3600) / 60));
  }
  return trans.__('%1 d %2 h', Math.floor(whole / 86_400), Math.floor((whole % 86_400) / 3600));
}

/** `0 B`, `812 B`, `1.4 GB`: powers of 1000, as storage is sold and file managers count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || value >= 99.95 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
  return `${text} ${units[unit]}`;
}

/** A number with four significant digits, whole numbers as they are. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e15) {
    return String(value);
  }
  return String(Number(value.toPrecision(4)));
}

export function formatCost(value: number): string {
  return value.toLocaleString(undefined, {
    style: 'currency',
    currency: 'USD',
    maximumFractionDigits: value < 0.1 ? 4 : 2
  });
}

export function formatValue(value: Value | undefined): string {
  if (typeof value === 'number') {
    return formatNumber(value);
  }
  if (typeof value === 'string') {
    return value;
  }
  return value === undefined ? '' : JSON.stringify(value);
}
