import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StreamEvent } from '../api/types';
import { FakeServer } from '../testing/server';
import { until } from '../testing/until';
import { EventStream } from './events';
import { ExecutedModel } from './executed';

const NOTEBOOK = 'valo/api/v0/executions/x1/notebook/';
let server: FakeServer;
let stream: EventStream;
let model: ExecutedModel;

const cell = (source: string, papermill: object) => ({
  cell_type: 'code',
  source,
  metadata: { papermill },
  outputs: []
});

beforeEach(() => {
  server = new FakeServer();
  server.on('GET', NOTEBOOK, () => ({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      { cell_type: 'markdown', source: '# Title', metadata: {} },
      cell('\n  import json\nx = 1', { status: 'completed', duration: 1.5 }),
      cell('raise ValueError', { status: 'completed', exception: true, duration: 0.1 }),
      cell('print()', { status: 'pending' })
    ]
  }));
  stream = new EventStream(server.api, 'x1');
  model = new ExecutedModel(server.api, stream);
});

afterEach(() => {
  model.dispose();
  stream.dispose();
});

const emit = (...events: object[]) => stream.received.emit(events as StreamEvent[]);

describe('the executed notebook', () => {
  it('tells the state and time of each code cell', async () => {
    model.look();
    await until(() => expect(model.content).not.toBeNull());
    expect(model.cells).toEqual([
      { code: 1, source: 'import json', state: 'done', seconds: 1.5, peakBytes: null, why: null },
      { code: 2, source: 'raise ValueError', state: 'error', seconds: 0.1, peakBytes: null, why: null },
      { code: 3, source: 'print()', state: 'waiting', seconds: null, peakBytes: null, why: null }
    ]);
  });

  it('finds a code cell by its number', async () => {
    model.look();
    await until(() => expect(model.content).not.toBeNull());
    expect([1, 3, 4].map(code => model.placeOf(code))).toEqual([1, 3, -1]);
  });

  it('shows a cell’s news before the notebook has it', async () => {
    model.look();
    await until(() => expect(model.content).not.toBeNull());
    emit({ k: 'cell', seq: 9, cell: 3, code: 3, of: 3, state: 'started' });
    expect(model.cells[2].state).toBe('running');
    emit({ k: 'cell', seq: 10, cell: 3, code: 3, of: 3, state: 'done', seconds: 2 });
    expect(model.cells[2]).toMatchObject({ state: 'done', seconds: 2 });
  });

  it('is asked for only while somebody looks, once for many events', async () => {
    vi.useFakeTimers();
    try {
      emit({ k: 'log', seq: 1, s: 'stdout', text: 'a' });
      await vi.advanceTimersByTimeAsync(5000);
      expect(server.requests(NOTEBOOK)).toHaveLength(0);
      const looking = model.look();
      await vi.advanceTimersByTimeAsync(10);
      expect(server.requests(NOTEBOOK)).toHaveLength(1);
      for (let seq = 2; seq < 50; seq++) {
        emit({ k: 'log', seq, s: 'stdout', text: 'a' });
      }
      await vi.advanceTimersByTimeAsync(5000);
      expect(server.requests(NOTEBOOK)).toHaveLength(2);
      looking.dispose();
      emit({ k: 'log', seq: 60, s: 'stdout', text: 'a' });
      await vi.advanceTimersByTimeAsync(5000);
      expect(server.requests(NOTEBOOK)).toHaveLength(2);
    } finally {
      vi.useRealTimers();
    }
  });
});
