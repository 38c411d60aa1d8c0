import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatDuration, formatNumber, parseTime } from './format';

const trans = nullTranslator.load('');

describe('numbers as people say them', () => {
  it.each([
    [0, '0 ms'],
    [0.0214, '21 ms'],
    [0.42, '0.4 s'],
    [9.96, '10 s'],
    [59.7, '1 m 0 s'],
    [123, '2 m 3 s'],
    [3599.6, '1 h 0 m'],
    [3840, '1 h 4 m'],
    [183_600, '2 d 3 h']
  ])('%d seconds', (seconds, words) => expect(formatDuration(trans, seconds)).toBe(words));

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1_440_000_000, '1.4 GB'],
    [999_960, '1 MB']
  ])('%d bytes', (bytes, words) => expect(formatBytes(bytes)).toBe(words));

  it.each([
    [12, '12'],
    [0.97561, '0.9756'],
    [1e-9, '1e-9'],
    [1234567.8, '1235000'],
    [NaN, 'NaN']
  ])('the number %d', (value, words) => expect(formatNumber(value)).toBe(words));

  it('reads the wire’s times as UTC', () => {
    expect(parseTime('2026-01-01T10:00:00.123456').toISOString()).toBe('2026-01-01T10:00:00.123Z');
    expect(parseTime('2026-01-01T10:00:00+02:00').toISOString()).toBe('2026-01-01T08:00:00.000Z');
  });
});
