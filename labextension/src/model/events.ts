/** One execution's event stream: its tail at first, then everything new as it happens. */
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';
import { isAborted } from '../api/errors';
import type { IStreamPage, StreamEvent } from '../api/types';

const TAIL = 2_000;
const PAGE = 5_000;
const WAIT = 20;

export class EventStream implements IDisposable {
  constructor(
    private _api: ValoAPI,
    readonly id: string
  ) {
    this._poll = new Poll({
      auto: false,
      factory: () => this._next(),
      frequency: { interval: 100, backoff: true, max: 10_000 },
      name: `valo-jupyter:events-${id}`,
      standby: 'when-hidden'
    });
  }

  /** New events, in order. */
  readonly received = new Signal<this, StreamEvent[]>(this);

  /** The first page came, the end was reached, or a request failed. */
  readonly stateChanged = new Signal<this, void>(this);

  /** Whether the execution has ended and every event was delivered. */
  get done(): boolean {
    return this._done;
  }

  get loaded(): boolean {
    return this._last !== null;
  }

  get failure(): unknown {
    return this._failure;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  start(): void {
    if (!this.isDisposed && !this._done) {
      void this._poll.start();
    }
  }

  /** Ask no more until `start`: a request that waits holds one of the browser's few connections. */
  pause(): void {
    if (!this.isDisposed && !this._done) {
      this._abort.abort();
      this._abort = new AbortController();
      void this._poll.stop();
    }
  }

  /** Events before sequence number `before`, up to `limit` numbers back. */
  async earlier(before: number, limit: number): Promise<StreamEvent[]> {
    const after = Math.max(0, before - 1 - limit);
    const page = await this._api.stream(this.id, { after, limit: before - 1 - after }, this._abort.signal);
    return page.events.filter(event => event.seq < before);
  }

  /** Every event from the first, page by page. */
  async *all(): AsyncGenerator<StreamEvent[]> {
    let after = 0;
    for (;;) {
      const page = await this._api.stream(this.id, { after, limit: PAGE }, this._abort.signal);
      const end = endOf(page);
      if (page.events.length === 0 || end <= after) {
        return;
      }
      yield page.events;
      after = end;
    }
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._abort.abort();
    this._poll.dispose();
    Signal.clearData(this);
  }

  private async _next(): Promise<void> {
    let page: IStreamPage;
    try {
      page =
        this._last === null
          ? await this._api.stream(this.id, { tail: TAIL }, this._abort.signal)
          : await this._api.stream(this.id, { after: this._last, limit: PAGE, wait: WAIT }, this._abort.signal);
    } catch (reason) {
      if (!this.isDisposed && !isAborted(reason)) {
        this._failure = reason;
        this.stateChanged.emit();
      }
      throw reason;
    }
    if (this.isDisposed) {
      return;
    }
    const before = this._last;
    const end = endOf(page);
    // what is on the page counts as read, even when the stream is further by now
    this._last = page.events.length ? Math.max(end, before ?? 0) : Math.max(page.last, before ?? 0);
    this._done = page.done && this._last >= page.last;
    this._failure = null;
    if (page.events.length) {
      this.received.emit(page.events);
    }
    if (this._done) {
      void this._poll.stop();
    }
    if (before === null || this._done) {
      this.stateChanged.emit();
    }
  }

  private _abort = new AbortController();
  private _done = false;
  private _failure: unknown = null;
  private _last: number | null = null;
  private _poll: Poll;
}

/** The last sequence number that a page's events take. */
function endOf(page: IStreamPage): number {
  const event = page.events[page.events.length - 1];
  return event ? event.seq + (event.n ?? 1) - 1 : page.last;
}
