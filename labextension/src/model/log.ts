/** The log's lines: the tail first, earlier ones on demand, never more than fit in memory. */
import type { LogStream, StreamEvent } from '../api/types';
import type { EventStream } from './events';
import { Model } from './model';

export interface ILine {
  seq: number;
  time: string;
  stream: LogStream;
  text: string;
  cell?: number;
}

const KEEP = 200_000;
const PAGE = 5_000;

export class LogModel extends Model {
  constructor(private _events: EventStream) {
    super();
    _events.received.connect(this._onReceived, this);
    _events.stateChanged.connect(this.changed, this);
  }

  get lines(): readonly ILine[] {
    return this._lines;
  }

  /** Whether lines before the first one may exist. */
  get hasEarlier(): boolean {
    return this._first > 1;
  }

  get loaded(): boolean {
    return this._events.loaded;
  }

  get live(): boolean {
    return !this._events.done;
  }

  get loadingEarlier(): boolean {
    return this._loadingEarlier;
  }

  /** Put the lines before the first one in front; says how many came. */
  async loadEarlier(): Promise<number> {
    if (this._loadingEarlier || !this.hasEarlier) {
      return 0;
    }
    this._loadingEarlier = true;
    this.changed();
    try {
      const before = this._first;
      const events = await this._events.earlier(before, PAGE);
      const lines = linesOf(events).filter(line => line.seq < before);
      this._lines = [...lines, ...this._lines];
      this._first = Math.max(1, before - PAGE);
      return lines.length;
    } finally {
      this._loadingEarlier = false;
      this.changed();
    }
  }

  /** The whole log as a text file. */
  async download(): Promise<Blob> {
    const parts: string[] = [];
    for await (const events of this._events.all()) {
      const lines = linesOf(events);
      if (lines.length) {
        parts.push(lines.map(line => line.text).join('\n') + '\n');
      }
    }
    return new Blob(parts, { type: 'text/plain;charset=utf-8' });
  }

  private _onReceived(_: EventStream, events: StreamEvent[]): void {
    if (this._first === 0) {
      this._first = events[0].seq;
    }
    const lines = linesOf(events);
    if (lines.length === 0) {
      return;
    }
    this._lines = this._lines.concat(lines);
    if (this._lines.length > KEEP) {
      this._lines = this._lines.slice(-KEEP);
      this._first = this._lines[0].seq;
    }
    this.changed();
  }

  /** The first sequence number that was read; 0 before any. */
  private _first = 0;
  private _lines: ILine[] = [];
  private _loadingEarlier = false;
}

/** The log lines of events, one object each: an event may hold many. */
export function linesOf(events: readonly StreamEvent[]): ILine[] {
  const lines: ILine[] = [];
  for (const event of events) {
    if (event.k === 'log') {
      event.text.split('\n').forEach((text, index) => {
        lines.push({ seq: event.seq + index, time: event.t, stream: event.s, text, cell: event.cell });
      });
    }
  }
  return lines;
}
