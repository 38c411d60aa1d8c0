import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StreamEvent } from '../api/types';
import { FakeServer, logEvent } from '../testing/server';
import { until } from '../testing/until';
import { EventStream } from './events';
import { LogModel, linesOf } from './log';

const PATH = 'valo/api/v0/executions/x1/stream/';
let server: FakeServer;
let stream: EventStream;
let log: LogModel;
let events: StreamEvent[];
let done: boolean;

/** Answers as `api/streams.py` does: whole events, `last` of the page. */
function serve(): void {
  server.on('GET', PATH, async ({ query }) => {
    const end = ({ seq, n }: StreamEvent) => seq + (n ?? 1) - 1;
    const total = events.length ? end(events[events.length - 1]) : 0;
    const tail = query.get('tail');
    const after = tail ? Math.max(0, total - Number(tail)) : Number(query.get('after') ?? 0);
    const limit = Number(query.get('limit') ?? query.get('tail'));
    const page: StreamEvent[] = [];
    let numbers = 0;
    for (const event of events.filter(one => end(one) > after)) {
      if (numbers >= limit) {
        break;
      }
      page.push(event);
      numbers += event.n ?? 1;
    }
    if (!page.length && query.has('wait') && !done) {
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    const last = page.length ? end(page[page.length - 1]) : after;
    return { events: page, last, status: done ? 'complete' : 'started', done: done && last >= total };
  });
}

beforeEach(() => {
  server = new FakeServer();
  stream = new EventStream(server.api, 'x1');
  log = new LogModel(stream);
  events = [];
  done = false;
  serve();
});

afterEach(() => {
  log.dispose();
  stream.dispose();
});

const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => `line ${from + index}`);

describe('the log', () => {
  it('makes a line of each number of an event, other events none', () => {
    const lines = linesOf([
      logEvent(4, ['a', 'b']),
      { k: 'cell', seq: 6, t: '', cell: 0, code: 1, of: 2, state: 'done' },
      logEvent(7, [''])
    ]);
    expect(lines.map(({ seq, text }) => [seq, text])).toEqual([
      [4, 'a'],
      [5, 'b'],
      [7, '']
    ]);
  });

  it('follows what is printed until the end, then asks no more', async () => {
    events = [logEvent(1, ['one'])];
    stream.start();
    await until(() => expect(log.lines.map(({ text }) => text)).toEqual(['one']));
    expect(log.live).toBe(true);
    events = [...events, logEvent(2, ['two', 'three'])];
    done = true;
    await until(() => expect(log.live).toBe(false));
    expect(log.lines.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    const asked = server.asked.length;
    await new Promise(resolve => setTimeout(resolve, 250));
    expect(server.asked.length).toBe(asked);
  });

  it('asks nothing while paused, and misses nothing', async () => {
    events = [logEvent(1, ['one'])];
    stream.start();
    await until(() => expect(log.lines).toHaveLength(1));
    stream.pause();
    await new Promise(resolve => setTimeout(resolve, 50));
    const asked = server.asked.length;
    events = [...events, logEvent(2, ['two'])];
    await new Promise(resolve => setTimeout(resolve, 250));
    expect(server.asked.length).toBe(asked);
    stream.start();
    await until(() => expect(log.lines.map(({ text }) => text)).toEqual(['one', 'two']));
  });

  it('loads the tail first and earlier lines on demand, without a gap or a double', async () => {
    for (let seq = 1; seq <= 9000; seq += 100) {
      events.push(logEvent(seq, many(seq, 100)));
    }
    done = true;
    stream.start();
    await until(() => expect(log.live).toBe(false));
    expect(log.lines).toHaveLength(2000);
    expect(log.hasEarlier).toBe(true);
    await log.loadEarlier();
    await log.loadEarlier();
    expect(log.hasEarlier).toBe(false);
    expect(log.lines.map(({ text }) => text)).toEqual(many(1, 9000));
  });

  it('downloads every line, also those not loaded', async () => {
    for (let seq = 1; seq <= 12_000; seq += 1000) {
      events.push(logEvent(seq, many(seq, 1000)));
    }
    done = true;
    const blob = await log.download();
    const text = await new Promise<string>(resolve => {
      const reader = new FileReader();
      reader.onload = () => resolve(String(reader.result));
      reader.readAsText(blob);
    });
    expect(text).toBe(many(1, 12_000).join('\n') + '\n');
  });
});
