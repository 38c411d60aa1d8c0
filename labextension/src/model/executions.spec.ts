import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionList, newest } from './executions';
import { ExecutionFeed } from './feed';

let server: FakeServer;
let feed: ExecutionFeed;
let list: ExecutionList;

beforeEach(() => {
  server = new FakeServer();
  feed = new ExecutionFeed(server.api);
  list = new ExecutionList(server.api, feed, 3);
});

afterEach(() => {
  list.dispose();
  feed.dispose();
});

const counters = () => list.executions.map(({ counter }) => counter);

describe('a list of executions', () => {
  it('shows the newest first and loads more on demand', async () => {
    [1, 2, 3, 4, 5].forEach(n => server.put({ id: `x${n}` }));
    await list.setFilter({ project: 'p1' });
    expect(counters()).toEqual([5, 4, 3]);
    expect(list.count).toBe(5);
    await list.need(3);
    expect(counters()).toEqual([5, 4, 3, 2, 1]);
    const asked = server.asked.length;
    await list.need(3);
    expect(server.asked.length).toBe(asked);
  });

  it('takes in what changes, and lets go of what no longer fits', async () => {
    server.put({ id: 'x1', status: 'started' });
    await list.setFilter({ project: 'p1', status: ['queued', 'started'] });
    await until(() => expect(feed.connected).toBe(true));
    server.put({ id: 'x2', status: 'queued' });
    await until(() => expect(counters()).toEqual([2, 1]));
    server.put({ id: 'x1', status: 'complete' });
    await until(() => expect(counters()).toEqual([2]));
    expect(list.count).toBe(1);
  });

  it('leaves to the server what a search matches', async () => {
    server.put({ id: 'x1', title: 'forest' });
    await list.setFilter({ project: 'p1', search: 'forest' });
    await until(() => expect(feed.connected).toBe(true));
    server.put({ id: 'x2', title: 'linear' });
    server.put({ id: 'x3', title: 'forest again' });
    await until(() => expect(counters()).toEqual([3, 1]));
  });

  it('keeps the later of two answers that overtake each other', async () => {
    const old = anExecution('x1', { revision: 5 });
    const fresh = anExecution('x1', { revision: 6, status: 'started' });
    expect(newest(fresh, old)).toBe(fresh);
    expect(newest(old, fresh)).toBe(fresh);
    expect(newest(undefined, old)).toBe(old);
  });

  it('shows an answer of the filter chosen last only', async () => {
    server.put({ id: 'x1', title: 'forest' });
    server.put({ id: 'x2', title: 'linear' });
    const first = list.setFilter({ project: 'p1', search: 'forest' });
    const second = list.setFilter({ project: 'p1', search: 'linear' });
    await Promise.all([first, second]);
    expect(counters()).toEqual([2]);
    expect(list.error).toBeNull();
  });

  it('keeps what it shows when the server is lost, and says why', async () => {
    server.put({ id: 'x1' });
    await list.setFilter({ project: 'p1' });
    server.down = true;
    await list.refresh();
    expect(counters()).toEqual([1]);
    expect(list.error?.unreachable).toBe(true);
  });
});
