import { describe, expect, it } from 'vitest';
import { lineDiff } from './lineDiff';

const shown = (before: string, after: string) =>
  lineDiff(before, after).map(({ kind, text }) => `${{ same: ' ', added: '+', removed: '-' }[kind]}${text}`);

describe('two texts', () => {
  it('share what is the same, and name what is not', () => {
    expect(shown('a\nb\nc', 'a\nx\nc\nd')).toEqual([' a', '-b', '+x', ' c', '+d']);
    expect(shown('a', 'a')).toEqual([' a']);
    expect(shown('', 'a')).toEqual(['-', '+a']);
  });

  it('are shown one after the other when they are very long', () => {
    const long = Array.from({ length: 3000 }, (_, n) => String(n)).join('\n');
    expect(lineDiff(long, long)).toHaveLength(6000);
  });
});
