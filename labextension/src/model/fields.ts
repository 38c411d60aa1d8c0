/** Fields of a settings form: what text stands for a value, and what value a text stands for. */
import type { OptionType } from '../api/pool';
import type { Value } from '../api/types';

/** `size`: bytes, as in `512 MB`; `quotas`: numbers by name. */
export type FieldType = OptionType | 'size' | 'quotas';

export interface IField {
  /** The key on the wire, with a dot where it is inside an object: `options.hosts`. */
  key: string;
  type: FieldType;
  title: string;
  help?: string;
  /** An empty text is no value of it. */
  required?: boolean;
  /** Written, never read. */
  secret?: boolean;
  /** Of those: may be seen while it is typed. */
  open?: boolean;
  choices?: readonly { value: string; label: string }[];
  /** What holds when nothing is given. */
  default?: Value;
  placeholder?: string;
}

export type FieldProblem = 'required' | 'integer' | 'number' | 'size' | 'list' | 'object' | 'quotas';

/** Why a text is no value of a field. */
export class WrongText extends Error {
  constructor(readonly problem: FieldProblem) {
    super(problem);
  }
}

const UNITS: Record<string, number> = {
  '': 1,
  b: 1,
  ...Object.fromEntries(
    [...'kmgt'].flatMap((letter, index) => [
      [letter, 1000 ** (index + 1)],
      [`${letter}b`, 1000 ** (index + 1)],
      [`${letter}i`, 1024 ** (index + 1)],
      [`${letter}ib`, 1024 ** (index + 1)]
    ])
  )
};

export function textOfField(field: IField, value: Value | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  switch (field.type) {
    case 'size':
      return sizeText(Number(value));
    case 'quotas':
      return JSON.stringify(Object.entries(value).map(([name, number]) => [name, String(number)]));
    case 'list':
      return (value as Value[]).map(item => (typeof item === 'string' ? item : JSON.stringify(item))).join('\n');
    case 'object': {
      const entries = Object.entries(value);
      return entries.length === 0
        ? ''
        : entries.every(([, item]) => typeof item === 'string')
          ? entries.map(([name, item]) => `${name}=${item}`).join('\n')
          : JSON.stringify(value, null, 2);
    }
    default:
      return String(value);
  }
}

/** The value that a text stands for; `WrongText` when there is none. An empty one stands for null. */
export function valueOfField(field: IField, text: string): Value {
  const trimmed = text.trim();
  if (field.type === 'flag') {
    // one that may stand open has choices
    return trimmed === '' && field.choices ? null : trimmed === 'true';
  }
  if (field.type === 'quotas') {
    return quotasOf(text);
  }
  if (trimmed === '') {
    if (field.required) {
      throw new WrongText('required');
    }
    return field.type === 'list' ? [] : field.type === 'object' ? {} : null;
  }
  switch (field.type) {
    case 'integer':
      if (!/^[+-]?\d+$/.test(trimmed) || !Number.isSafeInteger(Number(trimmed))) {
        throw new WrongText('integer');
      }
      return Number(trimmed);
    case 'number':
      if (!Number.isFinite(Number(trimmed))) {
        throw new WrongText('number');
      }
      return Number(trimmed);
    case 'size':
      return bytesOf(trimmed);
    case 'list':
      return lines(text).map(line => (/^[{[]/.test(line) ? parsed(line, 'list') : line));
    case 'object':
      return objectOf(trimmed);
    case 'text':
      return text;
    default:
      return trimmed;
  }
}

/** `512 MB`, `2 GiB`: the shortest that is exact. */
export function sizeText(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['GiB', 1024 ** 3],
    ['MB', 1e6],
    ['MiB', 1024 ** 2]
  ] as const) {
    if (bytes >= size && bytes % size === 0) {
      return `${bytes / size} ${unit}`;
    }
  }
  return String(bytes);
}

export function bytesOf(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  const unit = found && UNITS[found[2].toLowerCase()];
  if (!found || !unit) {
    throw new WrongText('size');
  }
  return Math.round(Number(found[1]) * unit);
}

/** Rows of the table of quotas, as typed. */
export function quotaRows(text: string): [name: string, number: string][] {
  return text ? (JSON.parse(text) as [string, string][]) : [];
}

function quotasOf(text: string): Value {
  const rows = quotaRows(text).filter(([name, number]) => name.trim() || number.trim());
  const quotas: Record<string, number> = {};
  for (const [name, number] of rows) {
    if (!name.trim() || !/^\d+$/.test(number.trim()) || name.trim() in quotas) {
      throw new WrongText('quotas');
    }
    quotas[name.trim()] = Number(number);
  }
  return quotas;
}

function objectOf(text: string): Value {
  if (text.startsWith('{')) {
    return parsed(text, 'object');
  }
  const values: Record<string, Value> = {};
  for (const line of lines(text)) {
    const place = line.indexOf('=');
    if (place < 1) {
      throw new WrongText('object');
    }
    values[line.slice(0, place).trim()] = line.slice(place + 1).trim();
  }
  return values;
}

function parsed(text: string, problem: FieldProblem): Value {
  try {
    return JSON.parse(text) as Value;
  } catch {
    throw new WrongText(problem);
  }
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}
