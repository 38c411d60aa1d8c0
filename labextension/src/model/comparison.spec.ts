import { describe, expect, it } from 'vitest';
import type { IExecutionDiff } from '../api/compareTypes';
import { ValoError } from '../api/errors';
import { anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ComparisonModel } from './comparison';

const same: IExecutionDiff = {
  left: anExecution('a'),
  right: anExecution('b'),
  facts: [],
  notebooks: null,
  files: [],
  same: true,
  problems: []
};

describe('a comparison', () => {
  it('asks once, and again when it is told to', async () => {
    const asked: string[][] = [];
    const model = new ComparisonModel(
      { diff: (...pair) => (asked.push(pair.slice(0, 2) as string[]), Promise.resolve(same)) },
      'a',
      'b'
    );
    await until(() => model.diff !== null);
    await model.refresh();
    expect(asked).toEqual([
      ['a', 'b'],
      ['a', 'b']
    ]);
    model.dispose();
  });

  it('keeps what it knows when asking again fails', async () => {
    let fails = false;
    const gone = new ValoError('not_found', 'No such execution, or you may not see it.');
    const model = new ComparisonModel({ diff: () => (fails ? Promise.reject(gone) : Promise.resolve(same)) }, 'a', 'b');
    await until(() => model.diff !== null);
    fails = true;
    await model.refresh();
    expect([model.diff, model.error?.code]).toEqual([same, 'not_found']);
    fails = false;
    await model.refresh();
    expect(model.error).toBeNull();
    model.dispose();
  });
});
