import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { factsOf, pricePerSecond } from './cellFacts';
import type { ICellRow } from './CellTable';

const trans = nullTranslator.load('valo');
const cell = (changes: Partial<ICellRow>): ICellRow => ({
  code: 1,
  source: 'x',
  state: 'done',
  seconds: 2.34,
  peakBytes: null,
  why: null,
  ...changes
});

describe('what stands beside a cell', () => {
  it('is what is known of its run', () => {
    expect(factsOf(trans, cell({}), null)).toBe('2.3 s');
    expect(factsOf(trans, cell({ peakBytes: 140_000_000 }), 0.01)).toBe('2.3 s · 140 MB · $0.0234');
    expect(factsOf(trans, cell({ state: 'running', seconds: null }), 0.01)).toBe('running');
    expect(factsOf(trans, cell({ state: 'waiting', seconds: null }), 0.01)).toBe('');
    expect(factsOf(trans, undefined, null)).toBe('');
  });

  it('is why it was not run', () => {
    expect(factsOf(trans, cell({ state: 'skipped', why: 'local-only', seconds: null }), 1)).toBe('skipped: local-only');
  });
});

it('a second costs what the whole cost, by its seconds', () => {
  expect(pricePerSecond({ cost: 2, duration: 100 })).toBe(0.02);
  expect(pricePerSecond({ cost: 0, duration: 100 })).toBeNull();
  expect(pricePerSecond({ cost: null, duration: null })).toBeNull();
});
