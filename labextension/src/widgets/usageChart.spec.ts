import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { usageChart } from './usageChart';

const trans = nullTranslator.load('');
const now = Date.UTC(2026, 0, 1, 11);

interface ILayers {
  layer: { data: { values: { time: number; count: number; state: string }[] } }[];
}

function layers(times: string[], minutes: number): ILayers {
  const history = times.map((time, index) => ({ time, starting: 0, idle: 1, busy: index, waiting: 2 * index }));
  return usageChart(trans, history, minutes, now)(() => 'red') as unknown as ILayers;
}

describe('the use of an environment', () => {
  it('holds each sample until the next, and the last until now', () => {
    const [machines, waiting] = layers(['2026-01-01T10:40:00', '2026-01-01T10:50:00'], 60).layer;
    const busy = machines.data.values.filter(({ state }) => state === 'busy');
    expect(busy.map(({ count }) => count)).toEqual([0, 1, 1]);
    expect(busy[2].time).toBe(now);
    expect(waiting.data.values.map(({ count }) => count)).toEqual([0, 2, 2]);
  });

  it('begins where the period does', () => {
    const [machines] = layers(['2026-01-01T08:00:00', '2026-01-01T10:50:00'], 60).layer;
    expect(machines.data.values[0].time).toBe(now - 3_600_000);
  });
});
