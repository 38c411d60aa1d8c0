import { Signal } from '@lumino/signaling';
import type { Event } from '@jupyterlab/services';
import { afterEach, describe, expect, it } from 'vitest';
import { FakeServer } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionFeed } from './feed';
import { Relay, SCHEMA } from './relay';

const WATCH = 'valo/watch';
const feeds: ExecutionFeed[] = [];

/** A server that tells of changes as events, where it `answers`. */
function aServer(answers = true) {
  const server = new FakeServer();
  const stream = new Signal<object, Event.Emission>({});
  const tell = () => stream.emit({ schema_id: SCHEMA, project: 'p1', revision: server.revision } as Event.Emission);
  server.on('GET', WATCH, () => {
    if (answers) {
      setTimeout(tell, 10);
    }
    return null;
  });
  const feed = new ExecutionFeed(server.api, new Relay(server.api, stream, 100));
  feeds.push(feed);
  const waits = () => server.asked.filter(({ query }) => query.has('wait')).length;
  return { server, feed, tell, waits };
}

afterEach(() => feeds.splice(0).forEach(feed => feed.dispose()));

describe('the feed with events', () => {
  it('asks when it is told to, and holds no connection', async () => {
    const { server, feed, tell, waits } = aServer();
    const seen: string[] = [];
    feed.changed.connect((_, changed) => seen.push(...changed.map(({ status }) => status)));
    feed.watch('p1');
    await until(() => expect(server.requests(WATCH)).toHaveLength(1));
    server.put({ id: 'x1', status: 'started' });
    tell();
    await until(() => expect(seen).toEqual(['started']));
    server.put({ id: 'x1', status: 'complete' });
    tell();
    await until(() => expect(seen).toEqual(['started', 'complete']));
    expect(waits()).toBe(0);
    expect(server.requests(WATCH)).toHaveLength(1);
  });

  it('waits for an answer where no event arrives', async () => {
    const { server, feed, waits } = aServer(false);
    const seen: string[] = [];
    feed.changed.connect((_, changed) => seen.push(...changed.map(({ id }) => id)));
    feed.watch('p1');
    await until(() => expect(waits()).toBe(1));
    server.put({ id: 'x1' });
    await until(() => expect(seen).toEqual(['x1']));
    await until(() => expect(waits()).toBe(2));
    expect(server.requests(WATCH)).toHaveLength(1);
  });

  it('hears of a project that is watched later', async () => {
    const { server, feed } = aServer();
    feed.watch('p1');
    await until(() => expect(server.requests(WATCH)).toHaveLength(1));
    feed.watch('p2');
    await until(() => expect(server.requests(WATCH)).toHaveLength(2));
    expect(server.requests(WATCH)[1].query.getAll('project')).toEqual(['p1', 'p2']);
  });
});
