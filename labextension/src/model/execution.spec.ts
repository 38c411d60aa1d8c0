import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionModel } from './execution';
import { ExecutionFeed } from './feed';

const PATH = 'valo/api/v0/executions/x1/';
let server: FakeServer;
let feed: ExecutionFeed;
let model: ExecutionModel;

beforeEach(() => {
  server = new FakeServer();
  server.put({ id: 'x1', status: 'started' });
  server.on('GET', PATH, () => ({
    ...server.executions[0],
    attempts: [],
    outputs: [],
    capture: null,
    left_out: [],
    cumulative_metadata: {}
  }));
  server.on('GET', `${PATH}stream/`, () => ({ events: [], last: 0, status: 'started', done: true }));
  feed = new ExecutionFeed(server.api);
  model = new ExecutionModel(server.api, feed, 'x1');
});

afterEach(() => {
  model.dispose();
  feed.dispose();
});

describe('one execution', () => {
  it('follows its news without being asked', async () => {
    model.visible = true;
    await until(() => expect(feed.connected).toBe(true));
    server.put({ id: 'x1', status: 'complete', duration: 2 });
    await until(() => expect(model.ended).toBe(true));
  });

  it('asks for the whole of it only while it is seen, and then catches up', async () => {
    await until(() => expect(feed.connected).toBe(true));
    const asked = server.requests(PATH).length;
    server.put({ id: 'x1', tags: ['a'] });
    await until(() => expect(model.execution?.tags).toEqual(['a']));
    expect(server.requests(PATH)).toHaveLength(asked);
    model.visible = true;
    await until(() => expect(server.requests(PATH)).toHaveLength(asked + 1));
  });

  it('makes one request of many wishes', async () => {
    await until(() => expect(model.execution).not.toBeNull());
    const asked = server.requests(PATH).length;
    await Promise.all(Array.from({ length: 20 }, () => model.refresh()));
    await until(() => expect(server.requests(PATH).length).toBe(asked + 2));
  });

  it('stops, sets tags, and shows what it started at once', async () => {
    server.on('POST', `${PATH}stop/`, () => ({ message: 'stopping' }));
    server.on('PATCH', PATH, ({ body }) => server.put({ id: 'x1', ...(body as object) }));
    server.on('POST', `${PATH}copy/`, () => anExecution('x2'));
    await model.stop();
    expect(server.requests(`${PATH}stop/`)).toHaveLength(1);
    await model.setTags(['prod']);
    expect(model.execution?.tags).toEqual(['prod']);
    const seen: string[] = [];
    feed.changed.connect((_, changed) => seen.push(...changed.map(({ id }) => id)));
    expect((await model.rerun()).id).toBe('x2');
    expect(seen).toContain('x2');
  });

  it('keeps what it knows when it cannot ask, and says so', async () => {
    await until(() => expect(model.execution).not.toBeNull());
    server.down = true;
    await model.refresh();
    expect(model.execution?.id).toBe('x1');
    expect(model.error?.unreachable).toBe(true);
  });
});
