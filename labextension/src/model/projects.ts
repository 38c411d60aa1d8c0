/** The project that is looked at: the one of the notebook in front, or the one the user chose. */
import type { IDisposable } from '@lumino/disposable';
import type { ValoAPI } from '../api/client';
import { asError, type ValoError } from '../api/errors';
import type { IProject } from '../api/types';
import type { ExecutionFeed } from './feed';
import { Model } from './model';

export class Projects extends Model {
  constructor(
    private _api: ValoAPI,
    private _feed: ExecutionFeed
  ) {
    super();
  }

  get all(): readonly IProject[] {
    return this._all;
  }

  get current(): IProject | null {
    return this._current;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  get error(): ValoError | null {
    return this._error;
  }

  /** Ask which projects there are; without a current one the newest becomes it. */
  async refresh(): Promise<void> {
    try {
      const { results } = await this._api.projects();
      this._all = results;
      this._error = null;
      this._loaded = true;
      if (!this._current && results.length) {
        this.choose([...results].sort((a, b) => (b.ctime ?? '').localeCompare(a.ctime ?? ''))[0]);
      }
    } catch (reason) {
      this._error = asError(reason);
    }
    this.changed();
  }

  choose(project: IProject): void {
    if (!this._all.some(({ id }) => id === project.id)) {
      this._all = [...this._all, project];
    }
    if (project.id !== this._current?.id) {
      this._current = project;
      const before = this._watch;
      this._watch = this._feed.watch(project.id);
      this._feed.current = project.id;
      before?.dispose();
    }
    this.changed();
  }

  dispose(): void {
    this._watch?.dispose();
    super.dispose();
  }

  private _all: IProject[] = [];
  private _current: IProject | null = null;
  private _error: ValoError | null = null;
  private _loaded = false;
  private _watch: IDisposable | null = null;
}
