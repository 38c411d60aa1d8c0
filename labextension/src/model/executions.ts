/** A list of executions, newest first, that follows the feed and loads more on demand. */
import type { IDisposable } from '@lumino/disposable';
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import type { IExecution, IExecutionQuery, IPlace, Status } from '../api/types';
import type { ExecutionFeed } from './feed';
import { Model } from './model';

export interface IFilter {
  project: string;
  /** Those of one notebook: where it stood, and when. */
  places?: readonly IPlace[];
  search?: string;
  status?: Status[];
  /** A user's name. */
  creator?: string;
}

/** Rows of one request after the first: few requests on the way to the end of a long list. */
const PAGE = 500;

export class ExecutionList extends Model {
  /** `limit`: rows of one request; with `fixed` the list never holds more. */
  constructor(
    private _api: ValoAPI,
    private _feed: ExecutionFeed,
    private _limit = 100,
    private _fixed = false
  ) {
    super();
    _feed.changed.connect(this._onChanged, this);
    _feed.dropped.connect(this._onDropped, this);
    _feed.connectedChanged.connect(this._onConnected, this);
  }

  get executions(): readonly IExecution[] {
    return this._rows;
  }

  /** How many executions the filter matches on the server. */
  get count(): number {
    return this._count;
  }

  get loading(): boolean {
    return this._loading;
  }

  /** Whether a first answer has come. */
  get loaded(): boolean {
    return this._loaded;
  }

  get error(): ValoError | null {
    return this._error;
  }

  get filter(): IFilter | null {
    return this._filter;
  }

  /** Null: nothing is listed. */
  async setFilter(filter: IFilter | null): Promise<void> {
    if (filter?.project !== this._filter?.project) {
      this._watch?.dispose();
      this._watch = filter ? this._feed.watch(filter.project) : null;
      this._rows = [];
      this._loaded = false;
    }
    this._filter = filter;
    this._needed = 0;
    await this.refresh();
  }

  async refresh(): Promise<void> {
    await this._load(0);
    await this.need(this._needed - 1);
  }

  /** Load on until the row at `index` is there, or all are. */
  async need(index: number): Promise<void> {
    this._needed = Math.max(this._needed, index + 1);
    if (this._fixed || this._loading || !this._loaded || this._error) {
      return;
    }
    let before = -1;
    while (this._rows.length < Math.min(this._needed, this._count) && this._received > before && !this._error) {
      before = this._received;
      await this._load(before);
    }
  }

  dispose(): void {
    this._abort.abort();
    this._watch?.dispose();
    super.dispose();
  }

  private async _load(offset: number): Promise<void> {
    this._abort.abort();
    const abort = (this._abort = new AbortController());
    if (!this._filter) {
      return;
    }
    this._loading = true;
    this.changed();
    try {
      const { places, ...filter } = this._filter;
      const options: IExecutionQuery = {
        ...filter,
        notebook: places && [...new Set(places.map(({ path }) => path))],
        limit: offset && !this._fixed ? Math.max(PAGE, this._limit) : this._limit,
        offset: offset || undefined,
        count: true
      };
      const { results, count } = await this._api.executions(options, abort.signal);
      if (abort.signal.aborted) {
        return;
      }
      const known = new Map((offset ? this._rows : []).map(row => [row.id, row]));
      this._received = offset + results.length;
      results.filter(row => stood(row, places)).forEach(row => known.set(row.id, newest(known.get(row.id), row)));
      this._rows = sorted([...known.values()]);
      // at the end of the list nothing is missing, whatever was deleted meanwhile
      this._count = results.length < (options.limit ?? 0) ? known.size : (count ?? known.size);
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      if (isAborted(reason) || abort.signal.aborted) {
        return;
      }
      this._error = asError(reason);
    }
    this._loading = false;
    this.changed();
  }

  private _onChanged(_: ExecutionFeed, changed: IExecution[]): void {
    if (!this._loaded || !this._filter) {
      return;
    }
    if (this._filter.search) {
      // only the server knows what a search matches; known rows are brought up to date at once
      this._merge(
        changed.filter(row => this._rows.some(known => known.id === row.id)),
        this._filter
      );
      if (!this._loading) {
        void this.refresh();
      }
      return;
    }
    this._merge(changed, this._filter);
  }

  private _merge(changed: IExecution[], filter: IFilter): void {
    const rows = new Map(this._rows.map(row => [row.id, row]));
    for (const row of changed) {
      const known = rows.get(row.id);
      if (matches(row, filter)) {
        rows.set(row.id, newest(known, row));
        this._count += known ? 0 : 1;
      } else if (rows.delete(row.id)) {
        this._count -= 1;
      }
    }
    this._rows = sorted([...rows.values()]);
    if (this._fixed) {
      this._rows = this._rows.slice(0, this._limit);
    }
    this.changed();
  }

  private _onDropped(_: ExecutionFeed, id: string | null): void {
    if (!this._loaded) {
      return;
    }
    if (id === null) {
      void this.refresh();
    } else if (this._rows.some(row => row.id === id)) {
      this._rows = this._rows.filter(row => row.id !== id);
      this._count -= 1;
      this.changed();
    }
  }

  private _onConnected(_: ExecutionFeed, connected: boolean): void {
    if (connected && (this._loaded || this._error)) {
      void this.refresh();
    }
  }

  private _abort = new AbortController();
  private _count = 0;
  private _error: ValoError | null = null;
  private _filter: IFilter | null = null;
  private _loaded = false;
  private _loading = false;
  /** How many rows somebody wants to see. */
  private _needed = 0;
  /** How many the server sent, also those that are not this notebook's. */
  private _received = 0;
  private _rows: IExecution[] = [];
  private _watch: IDisposable | null = null;
}

/** Answers may overtake each other: the higher revision stands. */
export function newest<T extends IExecution>(known: T | undefined, row: T): T {
  return known && known.revision > row.revision ? known : row;
}

export function matches(row: IExecution, filter: IFilter): boolean {
  return (
    row.project.id === filter.project &&
    stood(row, filter.places) &&
    (!filter.creator || row.creator.username === filter.creator) &&
    (!filter.status?.length || filter.status.includes(row.status))
  );
}

/** Whether it was the notebook's when it was submitted. */
function stood(row: IExecution, places: readonly IPlace[] | undefined): boolean {
  return (
    !places ||
    places.some(
      ({ path, since, until }) =>
        row.notebook?.path === path && (!since || row.ctime >= since) && (!until || row.ctime <= until)
    )
  );
}

/** A project counts its executions: the higher number is the newer one. */
function sorted(rows: IExecution[]): IExecution[] {
  return rows.sort((a, b) => b.counter - a.counter);
}
