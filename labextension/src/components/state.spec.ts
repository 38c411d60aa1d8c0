import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { IExecution } from '../api/types';
import { anExecution } from '../testing/server';
import { elapsed, fraction, stateSentence } from './state';

const trans = nullTranslator.load('');
const progress = { cell: 6, code: 4, of: 20, fraction: 0.15 };

describe('where an execution stands', () => {
  it.each([
    [{ status: 'created' }, 'waiting for quota'],
    [{ status: 'queued', queue_position: 3 }, 'in line, place 3'],
    [{ status: 'queued', queue_position: 1, status_detail: 'in line' }, 'in line, place 1'],
    [
      { status: 'queued', queue_position: 2, status_detail: 'in line: all 5 machines are busy' },
      'in line, place 2: all 5 machines are busy'
    ],
    [
      { status: 'created', queue_position: 7, status_detail: 'over the quota: ana may use 2 machines of gpu at once' },
      'waiting for quota, place 7: ana may use 2 machines of gpu at once'
    ],
    [
      { status: 'queued', status_detail: 'machine lost in attempt 1, in line again: no sign of it' },
      'in line: machine lost in attempt 1, in line again: no sign of it'
    ],
    [{ status: 'queued' }, 'in line'],
    [{ status: 'started', progress }, 'cell 4 of 20'],
    [{ status: 'started', status_detail: 'downloading train.csv' }, 'downloading train.csv'],
    [{ status: 'started' }, 'starting'],
    [{ status: 'stopping', status_detail: 'stopped by ana' }, 'stopping'],
    [{ status: 'stopped', status_detail: 'stopped by ana' }, 'stopped by ana'],
    [{ status: 'complete', duration: 123 }, 'done in 2 m 3 s'],
    [{ status: 'error', error: { code_cell: 7, ename: 'ValueError' } }, 'failed in cell 7: ValueError'],
    [{ status: 'error', status_detail: 'time limit of 60 s' }, 'time limit of 60 s'],
    [{ status: 'crashed', status_detail: 'machine lost (attempt 2 of 2)' }, 'machine lost (attempt 2 of 2)']
  ] as [Partial<IExecution>, string][])('%o', (changes, words) => {
    expect(stateSentence(trans, anExecution('x1', changes))).toBe(words);
  });

  it('counts the time from the start until the end', () => {
    const started = '2026-01-01T10:00:00.000000';
    const now = Date.UTC(2026, 0, 1, 10, 1, 12);
    expect(elapsed(anExecution('x1'), now)).toBeNull();
    expect(elapsed(anExecution('x1', { status: 'started', started }), now)).toBe(72);
    expect(elapsed(anExecution('x1', { status: 'complete', started, duration: 5 }), now)).toBe(5);
  });

  it('fills the ring with the cells that are done', () => {
    expect(fraction(anExecution('x1', { status: 'started', progress }))).toBe(0.15);
    expect(fraction(anExecution('x1', { status: 'started' }))).toBeNull();
    expect(fraction(anExecution('x1', { status: 'error', progress }))).toBe(1);
  });
});
