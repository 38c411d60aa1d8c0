/** One execution, kept up to date, with what a user can do to it. */
import type { IDisposable } from '@lumino/disposable';
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import { ENDED, type IExecution, type IExecutionDetail } from '../api/types';
import { EventStream } from './events';
import { ExecutedModel } from './executed';
import { newest } from './executions';
import type { ExecutionFeed } from './feed';
import { LogModel } from './log';
import { MetadataModel } from './metadata';
import { Model } from './model';

/** Executions asked for at once, in search of an earlier one. */
const EARLIER = 100;

export class ExecutionModel extends Model {
  constructor(
    readonly api: ValoAPI,
    private _feed: ExecutionFeed,
    readonly id: string
  ) {
    super();
    this.events = new EventStream(api, id);
    this.log = new LogModel(this.events);
    _feed.changed.connect(this._onChanged, this);
    _feed.connectedChanged.connect(this._onConnected, this);
    void this.refresh();
  }

  /** Whether somebody looks at it: only then its events and everything about it are asked for. */
  set visible(visible: boolean) {
    this._visible = visible;
    if (!visible) {
      this.events.pause();
      return;
    }
    this.events.start();
    if (this._stale) {
      void this.refresh();
    }
  }

  readonly events: EventStream;
  readonly log: LogModel;

  /** The executed notebook; asked for from the first look at it. */
  get notebook(): ExecutedModel {
    return (this._notebook ??= new ExecutedModel(this.api, this.events));
  }

  /** What it printed as JSON; asked for from the first look at it. */
  get metadata(): MetadataModel {
    return (this._metadata ??= new MetadataModel(this.api, this.events));
  }

  get execution(): IExecutionDetail | null {
    return this._execution;
  }

  get error(): ValoError | null {
    return this._error;
  }

  get ended(): boolean {
    return this._execution !== null && ENDED.has(this._execution.status);
  }

  /** Ask for the whole execution; calls while a request is under way become one more request. */
  async refresh(): Promise<void> {
    if (this._refreshing) {
      this._again = true;
      return;
    }
    this._refreshing = true;
    this._stale = false;
    do {
      this._again = false;
      try {
        this._execution = await this.api.execution(this.id, this._abort.signal);
        this._error = null;
        this._watch ??= this._feed.watch(this._execution.project.id);
      } catch (reason) {
        if (isAborted(reason)) {
          break;
        }
        this._error = asError(reason);
      }
      this.changed();
    } while (this._again && !this.isDisposed);
    this._refreshing = false;
  }

  async stop(): Promise<void> {
    await this.api.stop(this.id);
    await this.refresh();
  }

  /** Start the same again; returns the new execution. */
  async rerun(): Promise<IExecution> {
    const execution = await this.api.copy(this.id);
    this._feed.push(execution);
    return execution;
  }

  /** The notebook's execution before this one; null when it is the first. */
  async before(): Promise<IExecution | null> {
    const { project, notebook, counter } = this._execution ?? {};
    if (!project || !notebook || !counter) {
      return null;
    }
    const options = { project: project.id, notebook: [notebook.path], limit: EARLIER };
    for (let offset = 0; ; offset += EARLIER) {
      const { results } = await this.api.executions({ ...options, offset }, this._abort.signal);
      const found = results.find(execution => execution.counter < counter);
      if (found || results.length < EARLIER) {
        return found ?? null;
      }
    }
  }

  async setTags(tags: string[]): Promise<void> {
    await this.api.update(this.id, { tags });
    await this.refresh();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._abort.abort();
    this._watch?.dispose();
    this._notebook?.dispose();
    this._metadata?.dispose();
    this.log.dispose();
    this.events.dispose();
    super.dispose();
  }

  private _onChanged(_: ExecutionFeed, changed: IExecution[]): void {
    const row = changed.find(({ id }) => id === this._execution?.id || id === this.id);
    if (row) {
      if (this._execution) {
        // the row's news at once, the rest when it has been fetched
        this._execution = newest(this._execution, { ...this._execution, ...row });
        this.changed();
      }
      this._refreshIfVisible();
    }
  }

  private _onConnected(_: ExecutionFeed, connected: boolean): void {
    if (connected) {
      this._refreshIfVisible();
    }
  }

  private _refreshIfVisible(): void {
    this._stale = true;
    if (this._visible) {
      void this.refresh();
    }
  }

  private _abort = new AbortController();
  private _again = false;
  private _error: ValoError | null = null;
  private _execution: IExecutionDetail | null = null;
  private _metadata: MetadataModel | null = null;
  private _notebook: ExecutedModel | null = null;
  private _refreshing = false;
  private _stale = false;
  private _visible = false;
  private _watch: IDisposable | null = null;
}
