/** A list of files that follows what executions make and uploads bring, and loads more on demand. */
import type { DataAPI } from '../api/data';
import type { IDataFilter, IDatum } from '../api/dataTypes';
import { asError, isAborted, type ValoError } from '../api/errors';
import { ENDED, type IExecution } from '../api/types';
import type { ExecutionFeed } from './feed';
import { Model } from './model';

/** Changes that come in a burst are asked for once. */
const PAUSE = 500;

export class DataList extends Model {
  /** `limit`: rows of one request. */
  constructor(
    private _api: DataAPI,
    private _feed: Pick<ExecutionFeed, 'changed'>,
    private _limit = 200
  ) {
    super();
    _feed.changed.connect(this._onChanged, this);
  }

  get rows(): readonly IDatum[] {
    return this._rows;
  }

  /** How many files match; null while that is not known. */
  get count(): number | null {
    return this._count;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  /** Whether the answer to what is asked now has not come yet. */
  get asking(): boolean {
    return this._asking;
  }

  get error(): ValoError | null {
    return this._error;
  }

  /** Null: nothing is listed. */
  async setFilter(filter: IDataFilter | null): Promise<void> {
    if (filter?.project !== this._filter?.project) {
      this._rows = [];
      this._count = null;
      this._loaded = false;
    }
    this._filter = filter;
    await this.refresh();
  }

  /** Ask for the first of them again; those that were loaded further down stay where that is certain. */
  async refresh(): Promise<void> {
    const results = await this._ask({});
    if (results) {
      const fresh = new Set(results.map(({ id }) => id));
      const last = results[results.length - 1]?.id;
      const place = this._rows.findIndex(({ id }) => id === last);
      const rest = this._again && place >= 0 ? this._rows.slice(place + 1) : [];
      this._rows = [...results, ...rest.filter(({ id }) => !fresh.has(id))];
      this._more = rest.length > 0 ? this._more : results.length === this._limit;
      this._again = true;
      this.changed();
    }
  }

  async loadMore(): Promise<void> {
    if (!this._more || this._asking || this._rows.length === 0) {
      return;
    }
    const before = this._rows[this._rows.length - 1].id;
    const newest = (this._filter?.ordering ?? '-ctime') === '-ctime';
    const results = await this._ask(newest ? { before } : { offset: this._rows.length });
    if (results) {
      const known = new Set(this._rows.map(({ id }) => id));
      this._rows = [...this._rows, ...results.filter(({ id }) => !known.has(id))];
      this._more = results.length === this._limit;
      this.changed();
    }
  }

  /** A file as an answer has just shown it. */
  put(datum: IDatum): void {
    const place = this._rows.findIndex(({ id }) => id === datum.id);
    if (place >= 0) {
      this._rows = this._rows.map((row, index) => (index === place ? datum : row));
      this.changed();
    }
  }

  dispose(): void {
    clearTimeout(this._timer);
    this._abort.abort();
    this._feed.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  private async _ask(place: { before?: string; offset?: number }): Promise<IDatum[] | null> {
    this._abort.abort();
    const { signal } = (this._abort = new AbortController());
    const filter = this._filter;
    if (!filter || this.isDisposed) {
      return null;
    }
    if (filter !== this._asked) {
      this._again = false;
    }
    this._asked = filter;
    this._asking = true;
    this.changed();
    const first = Object.keys(place).length === 0;
    try {
      const { results, count } = await this._api.list(
        { ...filter, ...place, limit: this._limit, count: first || undefined },
        signal
      );
      if (signal.aborted) {
        return null;
      }
      this._count = first ? count : this._count;
      this._loaded = true;
      this._error = null;
      this._asking = false;
      return results;
    } catch (reason) {
      if (!isAborted(reason) && !signal.aborted) {
        this._error = asError(reason);
        this._asking = false;
        this.changed();
      }
      return null;
    }
  }

  private _onChanged(_: unknown, executions: IExecution[]): void {
    // what an execution made is there when it has ended; live files come with its next change
    const ours = executions.some(
      ({ project, status }) => project.id === this._filter?.project && (ENDED.has(status) || status === 'started')
    );
    if (ours && this._loaded) {
      clearTimeout(this._timer);
      this._timer = setTimeout(() => void this.refresh(), PAUSE);
    }
  }

  private _abort = new AbortController();
  private _again = false;
  private _asked: IDataFilter | null = null;
  private _asking = false;
  private _count: number | null = null;
  private _error: ValoError | null = null;
  private _filter: IDataFilter | null = null;
  private _loaded = false;
  private _more = false;
  private _rows: IDatum[] = [];
  private _timer: ReturnType<typeof setTimeout> | undefined;
}

/** The address that an input takes for a file. */
export function addressOf({ id }: { id: string }): string {
  return `datum://${id}`;
}
