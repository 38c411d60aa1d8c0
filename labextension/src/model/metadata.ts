/** Everything an execution printed as JSON: all points, the latest value of each name, the series to draw. */
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import type { MetadataPoint, StreamEvent, Value } from '../api/types';
import type { EventStream } from './events';
import { Model } from './model';

export interface ISeries {
  name: string;
  values: { index: number; value: number }[];
}

const OURS = new Set(['_time', 'time', 'seq']);

export class MetadataModel extends Model {
  constructor(
    private _api: ValoAPI,
    private _events: EventStream
  ) {
    super();
    _events.received.connect(this._onReceived, this);
    void this.refresh();
  }

  get points(): readonly MetadataPoint[] {
    return this._points;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  get error(): ValoError | null {
    return this._error;
  }

  async refresh(): Promise<void> {
    try {
      const { results } = await this._api.metadata(this._events.id, this._abort.signal);
      const last = results.length ? results[results.length - 1].seq : 0;
      // points that arrived live while the answer was on its way
      this._points = [...results, ...this._points.filter(point => point.seq > last)];
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      if (isAborted(reason)) {
        return;
      }
      this._error = asError(reason);
    }
    this.changed();
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private _onReceived(_: EventStream, events: StreamEvent[]): void {
    const last = this._points.length ? this._points[this._points.length - 1].seq : 0;
    const fresh = events.flatMap(event =>
      event.k === 'metadata' && event.seq > last ? [{ ...event.values, time: event.t, seq: event.seq }] : []
    );
    if (fresh.length) {
      this._points = [...this._points, ...fresh];
      this.changed();
    }
  }

  private _abort = new AbortController();
  private _error: ValoError | null = null;
  private _loaded = false;
  private _points: MetadataPoint[] = [];
}

/** The last value of each name, in the order of their first appearance. */
export function latest(points: readonly MetadataPoint[]): [string, Value][] {
  const values = new Map<string, Value>();
  for (const point of points) {
    for (const [name, value] of Object.entries(point)) {
      if (!OURS.has(name)) {
        values.set(name, value);
      }
    }
  }
  return [...values];
}

/** The numbers of each name that has at least two. `x`: name of the horizontal value, else the point's place. */
export function series(points: readonly MetadataPoint[], x: string | null): ISeries[] {
  const found = new Map<string, ISeries>();
  points.forEach((point, place) => {
    const index = x === null ? place + 1 : point[x];
    if (typeof index !== 'number') {
      return;
    }
    for (const [name, value] of Object.entries(point)) {
      if (typeof value === 'number' && name !== x && !OURS.has(name)) {
        const one = found.get(name) ?? { name, values: [] };
        one.values.push({ index, value });
        found.set(name, one);
      }
    }
  });
  return [...found.values()].filter(({ values }) => values.length > 1);
}

const STEPS = ['step', 'epoch', 'iteration', 'iter', 'batch', 'global_step'];

/** The name that counts steps, if the points have one. */
export function stepName(points: readonly MetadataPoint[]): string | null {
  return STEPS.find(name => points.some(point => typeof point[name] === 'number')) ?? null;
}
