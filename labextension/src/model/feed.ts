/** Every change of the watched projects' executions, asked for when an event says so, else by one long poll. */
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import { ENDED, type IExecution } from '../api/types';
import type { Relay } from './relay';

const WAIT = 20;
/** Milliseconds for which nothing is expected of events, once they did not arrive. */
const DEAF = 120_000;
const MOST = 1_000;

interface IWatch {
  count: number;
  /** The project's revision that was read; null before the first answer. */
  revision: number | null;
}

export class ExecutionFeed implements IDisposable {
  constructor(
    private _api: ValoAPI,
    private _relay: Relay | null = null
  ) {
    this._poll = new Poll({
      auto: false,
      factory: () => this._next(),
      // the server holds the answer back until there is one; the interval only keeps bursts together
      frequency: { interval: 100, backoff: true, max: 15_000 },
      name: 'valo-jupyter:feed',
      standby: 'when-hidden'
    });
  }

  /** Executions that changed. */
  readonly changed = new Signal<this, IExecution[]>(this);

  /** An execution was deleted; null: some were, elsewhere. */
  readonly dropped = new Signal<this, string | null>(this);

  /** The connection came back or was lost; after coming back, lists ask anew. */
  readonly connectedChanged = new Signal<this, boolean>(this);

  /** `connected` or `failure` is another. */
  readonly stateChanged = new Signal<this, void>(this);

  /** An execution that was seen waiting or running has ended; told once. */
  readonly ended = new Signal<this, IExecution>(this);

  get connected(): boolean {
    return this._connected;
  }

  /** Why the last request failed; null after one that did not. */
  get failure(): ValoError | null {
    return this._failure;
  }

  /** How many executions of the watched projects wait or run. */
  get unfinished(): number {
    return this._unfinished.size;
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  /** The project whose changes arrive at once; those of others may take as long as one long poll. */
  get current(): string | null {
    return this._current;
  }

  set current(project: string | null) {
    if (project !== this._current) {
      this._current = project;
      this._askNow();
    }
  }

  /** Hear of a project's executions until the answer is disposed of. */
  watch(project: string): IDisposable {
    const watch = this._watched.get(project) ?? { count: 0, revision: null };
    watch.count += 1;
    this._watched.set(project, watch);
    if (watch.count === 1) {
      this._askNow();
    }
    return new DisposableDelegate(() => {
      watch.count -= 1;
      if (watch.count === 0) {
        this._watched.delete(project);
        this._unfinished.forEach((of, id) => of === project && this._unfinished.delete(id));
      }
    });
  }

  /** An execution that an answer just showed: views need not wait for the poll. */
  push(execution: IExecution): void {
    this._deliver([execution]);
  }

  /** An execution that was just deleted. */
  drop(id: string): void {
    this._unfinished.delete(id);
    this.dropped.emit(id);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._abort.abort();
    this._poll.dispose();
    Signal.clearData(this);
  }

  private _askNow(): void {
    if (this.isDisposed) {
      return;
    }
    this._abort.abort();
    this._abort = new AbortController();
    void this._poll.refresh();
  }

  private async _next(): Promise<void> {
    const { signal } = this._abort;
    if (this._watched.size === 0) {
      void this._poll.stop();
      return;
    }
    try {
      const fresh = [...this._watched.values()].some(watch => watch.revision === null);
      const told = !fresh && (await this._wasTold(signal));
      if (signal.aborted) {
        return;
      }
      const mayWait = !fresh && !told;
      await Promise.all([...this._watched].map(([project, watch]) => this._ask(project, watch, mayWait, signal)));
      this._setConnected(true, null);
    } catch (reason) {
      if (signal.aborted || isAborted(reason)) {
        return;
      }
      this._setConnected(false, asError(reason));
      throw reason;
    }
  }

  /** Wait for an event; false where none arrive, and a request has to wait instead. */
  private async _wasTold(signal: AbortSignal): Promise<boolean> {
    if (!this._relay || Date.now() < this._deafUntil) {
      return false;
    }
    const known = new Map([...this._watched].map(([project, { revision }]) => [project, revision]));
    try {
      if (await this._relay.news(known, signal)) {
        return true;
      }
    } catch {
      // an older server extension, or none that answers: the request below says so
    }
    if (!signal.aborted) {
      this._deafUntil = Date.now() + DEAF;
    }
    return false;
  }

  private async _ask(project: string, watch: IWatch, mayWait: boolean, signal: AbortSignal): Promise<void> {
    if (watch.revision === null) {
      const { results, revision } = await this._api.executions(
        { project, status: ['created', 'queued', 'started', 'stopping'], limit: MOST },
        signal
      );
      watch.revision = revision;
      this._deliver(results);
      return;
    }
    // only one request may hold a connection: browsers have few
    const wait = mayWait && (project === this._current || this._watched.size === 1) ? WAIT : undefined;
    const { results, revision } = await this._api.executions(
      { project, changed_after: watch.revision, limit: MOST, wait },
      signal
    );
    if (results.length === 0 && revision > watch.revision) {
      // something changed, and nothing that is there
      this.dropped.emit(null);
    }
    // a smaller number is another database: start over
    watch.revision = revision < watch.revision ? null : revision;
    this._deliver(results);
  }

  private _deliver(executions: IExecution[]): void {
    if (this.isDisposed || executions.length === 0) {
      return;
    }
    const ended: IExecution[] = [];
    for (const execution of executions) {
      if (!ENDED.has(execution.status)) {
        this._unfinished.set(execution.id, execution.project.id);
      } else if (this._unfinished.delete(execution.id)) {
        ended.push(execution);
      }
    }
    this.changed.emit(executions);
    ended.forEach(execution => this.ended.emit(execution));
  }

  private _setConnected(connected: boolean, failure: ValoError | null): void {
    if (this.isDisposed) {
      return;
    }
    const before = this._connected;
    this._connected = connected;
    if (connected !== before || failure?.message !== this._failure?.message) {
      this._failure = failure;
      this.stateChanged.emit();
    }
    if (connected === before) {
      return;
    }
    if (!connected) {
      this._watched.forEach(watch => (watch.revision = null));
    }
    this.connectedChanged.emit(connected);
  }

  private _abort = new AbortController();
  private _connected = false;
  private _current: string | null = null;
  private _deafUntil = 0;
  private _failure: ValoError | null = null;
  private _poll: Poll;
  private _unfinished = new Map<string, string>();
  private _watched = new Map<string, IWatch>();
}
