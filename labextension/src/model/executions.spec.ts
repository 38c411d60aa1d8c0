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

  it('follows a notebook through its places, each for its time', async () => {
    const place = (path: string, since: string | null, until: string | null) => ({
      project: { id: 'p1', name: 'digits' },
      path,
      since,
      until
    });
    const at = (id: string, path: string, minute: string) =>
      server.put({ id, notebook: { path }, ctime: `2026-01-01T10:${minute}:00.000000` });
    at('x1', 'was.ipynb', '01');
    at('x2', 'is.ipynb', '02');
    const asked = () => server.requests('valo/api/v0/executions/');
    const moved = '2026-01-01T10:03:00.000000';
    at('x4', 'is.ipynb', '04');
    at('x5', 'was.ipynb', '05');
    await list.setFilter({
      project: 'p1',
      places: [place('is.ipynb', moved, null), place('was.ipynb', null, moved)]
    });
    expect(asked().flatMap(({ query }) => query.getAll('notebook'))).toEqual(['is.ipynb', 'was.ipynb']);
    await list.need(1);
    expect(counters()).toEqual([4, 1]);
    expect(list.count).toBe(2);
  });

  it('lets go of what was deleted, here or elsewhere', async () => {
    ['x1', 'x2', 'x3'].forEach(id => server.put({ id }));
    await list.setFilter({ project: 'p1' });
    await until(() => expect(feed.connected).toBe(true));
    feed.drop('x2');
    expect(counters()).toEqual([3, 1]);
    expect(list.count).toBe(2);
    server.executions.splice(0, 2);
    feed.dropped.emit(null);
    await until(() => expect(counters()).toEqual([3]));
  });

  it('takes only what is mine', async () => {
    server.put({ id: 'x1', creator: { id: 1, username: 'ana' } });
    await list.setFilter({ project: 'p1', creator: 'ana' });
    await until(() => expect(feed.connected).toBe(true));
    server.put({ id: 'x2', creator: { id: 2, username: 'ben' } });
    server.put({ id: 'x3', creator: { id: 1, username: 'ana' } });
    await until(() => expect(counters()).toEqual([3, 1]));
  });
});
