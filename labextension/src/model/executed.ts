/** The executed notebook, asked for again while it grows and somebody looks at it. */
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import type { ExecutedNotebook, StreamEvent } from '../api/types';
import type { EventStream } from './events';
import { joinLines } from './lines';
import { Model } from './model';

/** Milliseconds between two requests, or five times what the last one took: a large notebook is not asked for all the time. */
const PAUSE = 1_000;

export interface IExecutedCell {
  code: number;
  source: string;
  state: 'waiting' | 'running' | 'done' | 'error' | 'skipped';
  seconds: number | null;
  peakBytes: number | null;
  /** Why it was skipped: a tag. */
  why: string | null;
}

type Told = Omit<IExecutedCell, 'code' | 'source'>;

export class ExecutedModel extends Model {
  constructor(
    private _api: ValoAPI,
    private _events: EventStream
  ) {
    super();
    _events.received.connect(this._onReceived, this);
    _events.stateChanged.connect(this._onState, this);
  }

  get content(): ExecutedNotebook | null {
    return this._content;
  }

  get error(): ValoError | null {
    return this._error;
  }

  /** The code cells: states and times, the newest events first, else what the notebook records. */
  get cells(): IExecutedCell[] {
    const code = this._content?.cells.filter(cell => cell.cell_type === 'code') ?? [];
    return code.map((cell, index) => {
      const source = Array.isArray(cell.source) ? cell.source.join('') : cell.source;
      const firstLine = source.split('\n').find(line => line.trim()) ?? '';
      return { code: index + 1, source: firstLine.trim(), ...recorded(cell.metadata), ...this._live.get(index + 1) };
    });
  }

  /** Where a code cell stands in the notebook, by its number; -1 when it has none such. */
  placeOf(code: number): number {
    const cells = this._content?.cells ?? [];
    const places = cells.flatMap((cell, place) => (cell.cell_type === 'code' ? [place] : []));
    return places[code - 1] ?? -1;
  }

  /** Keep the notebook up to date until the answer is disposed of. */
  look(): IDisposable {
    this._lookers += 1;
    if (this._stale) {
      void this.refresh();
    }
    return new DisposableDelegate(() => {
      this._lookers -= 1;
    });
  }

  async refresh(): Promise<void> {
    this._stale = false;
    const begun = performance.now();
    try {
      this._content = joinLines(await this._api.executedNotebook(this._events.id, this._abort.signal));
      this._error = null;
    } catch (reason) {
      if (isAborted(reason)) {
        return;
      }
      this._error = asError(reason);
    }
    this._pause = Math.max(PAUSE, 5 * (performance.now() - begun));
    this.changed();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this._abort.abort();
    clearTimeout(this._timer);
    super.dispose();
  }

  private _later(): void {
    this._stale = true;
    if (this._timer === undefined) {
      this._timer = setTimeout(() => {
        this._timer = undefined;
        if (this._stale && this._lookers > 0) {
          void this.refresh();
        }
      }, this._pause);
    }
  }

  private _onReceived(_: EventStream, events: StreamEvent[]): void {
    for (const event of events) {
      if (event.k === 'status' && event.status === 'started') {
        // another attempt starts from the first cell
        this._live.clear();
      } else if (event.k === 'cell' && (event.state !== 'skipped' || event.why !== 'empty')) {
        this._live.set(event.code, {
          state: event.state === 'started' ? 'running' : event.state,
          seconds: event.seconds ?? null,
          peakBytes: event.peak_memory_bytes ?? null,
          why: event.why ?? null
        });
      }
    }
    this.changed();
    this._later();
  }

  private _onState(events: EventStream): void {
    if (events.done) {
      this._later();
    }
  }

  private _abort = new AbortController();
  private _content: ExecutedNotebook | null = null;
  private _error: ValoError | null = null;
  private _live = new Map<number, Told>();
  private _lookers = 0;
  private _pause = PAUSE;
  private _stale = true;
  private _timer: ReturnType<typeof setTimeout> | undefined = undefined;
}

/** What Papermill and Valo wrote into a cell's metadata. */
function recorded(metadata: Record<string, unknown>): Told {
  const papermill = metadata.papermill as
    { status?: string; exception?: boolean | null; duration?: number } | undefined;
  const valo = metadata.valo as { seconds?: number; peak_memory_bytes?: number | null; skipped?: string } | undefined;
  const state = valo?.skipped
    ? 'skipped'
    : papermill?.exception
      ? 'error'
      : papermill?.status === 'completed'
        ? 'done'
        : papermill?.status === 'running'
          ? 'running'
          : 'waiting';
  return {
    state,
    seconds: valo?.skipped ? null : (valo?.seconds ?? papermill?.duration ?? null),
    peakBytes: valo?.peak_memory_bytes ?? null,
    why: valo?.skipped ?? null
  };
}
