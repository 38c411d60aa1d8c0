import { describe, expect, it } from 'vitest';
import type { IExecution } from '../api/types';
import { anExecution, FakeServer } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionFeed } from './feed';
import { Places } from './places';

describe('places in line', () => {
  it('move while somebody waits, without a change of the execution', async () => {
    const server = new FakeServer();
    const feed = new ExecutionFeed(server.api);
    const places = new Places(server.api, feed);
    const told: IExecution[] = [];
    feed.changed.connect((_, rows) => told.push(...rows));

    feed.push(anExecution('x1', { status: 'started' }));
    expect(server.asked).toHaveLength(0);

    server.put({ id: 'x2', queue_position: 4 });
    feed.push(server.executions[0]);
    server.executions[0] = { ...server.executions[0], queue_position: 3 };
    await until(() => expect(told[told.length - 1].queue_position).toBe(3));

    // once more, and nothing has moved
    const count = told.length;
    const asked = server.asked.length;
    await until(() => expect(server.asked.length).toBeGreaterThan(asked));
    expect(told).toHaveLength(count);
    places.dispose();
    feed.dispose();
  });
});
