import { afterEach, describe, expect, it } from 'vitest';
import type { IExecution } from '../api/types';
import { FakeServer } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionFeed } from './feed';

const feeds: ExecutionFeed[] = [];

function aFeed(server: FakeServer): { feed: ExecutionFeed; seen: IExecution[] } {
  const feed = new ExecutionFeed(server.api);
  feeds.push(feed);
  const seen: IExecution[] = [];
  feed.changed.connect((_, changed) => seen.push(...changed));
  return { feed, seen };
}

afterEach(() => feeds.splice(0).forEach(feed => feed.dispose()));

describe('the feed', () => {
  it('asks nothing before a project is watched', async () => {
    const server = new FakeServer();
    aFeed(server);
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.asked).toEqual([]);
  });

  it('delivers changes by a request that waits on the server', async () => {
    const server = new FakeServer();
    server.put({ id: 'x1' });
    const { feed, seen } = aFeed(server);
    feed.watch('p1');
    await until(() => expect(server.asked.some(({ query }) => query.has('wait'))).toBe(true));
    expect(feed.connected).toBe(true);
    expect(feed.unfinished).toBe(1);
    server.put({ id: 'x1', status: 'started' });
    await until(() => expect(seen[seen.length - 1]?.status).toBe('started'));
  });

  it('tells an end once, and no end that it did not see begin', async () => {
    const server = new FakeServer();
    server.put({ id: 'x1', status: 'complete' });
    const { feed } = aFeed(server);
    const ended: string[] = [];
    feed.ended.connect((_, { id }) => ended.push(id));
    feed.watch('p1');
    await until(() => expect(server.asked.some(({ query }) => query.has('wait'))).toBe(true));
    server.put({ id: 'x2', status: 'started' });
    await until(() => expect(feed.unfinished).toBe(1));
    server.put({ id: 'x2', status: 'complete' });
    await until(() => expect(ended).toEqual(['x2']));
    server.put({ id: 'x2', tags: ['good'] });
    server.put({ id: 'x1', tags: ['good'] });
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(ended).toEqual(['x2']);
  });

  it('holds one connection for many projects', async () => {
    const server = new FakeServer();
    server.put({ id: 'x1' });
    const { feed } = aFeed(server);
    feed.current = 'p1';
    ['p1', 'p2', 'p3'].forEach(project => feed.watch(project));
    await until(() => expect(server.asked.some(({ query }) => query.has('wait'))).toBe(true));
    const waiting = server.asked.filter(({ query }) => query.has('wait'));
    expect(new Set(waiting.map(({ query }) => query.get('project')))).toEqual(new Set(['p1']));
  });

  it('stops asking when nobody watches any more', async () => {
    const server = new FakeServer();
    const { feed } = aFeed(server);
    const watch = feed.watch('p1');
    await until(() => expect(server.asked.length).toBeGreaterThan(1));
    watch.dispose();
    server.put({ id: 'x9' });
    await new Promise(resolve => setTimeout(resolve, 250));
    const before = server.asked.length;
    server.put({ id: 'x9', status: 'started' });
    await new Promise(resolve => setTimeout(resolve, 250));
    expect(server.asked.length).toBe(before);
  });

  it('says when the connection is lost, and starts over when it is back', async () => {
    const server = new FakeServer();
    const { feed, seen } = aFeed(server);
    const states: boolean[] = [];
    feed.connectedChanged.connect((_, connected) => states.push(connected));
    feed.watch('p1');
    await until(() => expect(states).toEqual([true]));
    server.down = true;
    server.put({ id: 'x1' });
    await until(() => expect(states).toEqual([true, false]));
    expect(feed.failure?.unreachable).toBe(true);
    server.down = false;
    await until(() => expect(states).toEqual([true, false, true]));
    expect(feed.failure).toBeNull();
    expect(seen.map(({ id }) => id)).toContain('x1');
  });
});
