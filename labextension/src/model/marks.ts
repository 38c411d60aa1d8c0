/** The last executions of one open notebook, wherever it stood, and the submission under way. */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { IDrift, IExecution, INotebookInfo, IPlace, IRunProgress } from '../api/types';
import type { IValo } from '../tokens';
import { isEmpty, type IDraft } from './draft';
import type { Drafts } from './drafts';
import { NotebookDrift } from './drift';
import { ExecutionList } from './executions';
import { Model } from './model';
import type { Runs } from './run';

/** As many as the setting allows. */
const MOST = 20;

export class NotebookMarks extends Model {
  constructor(
    private _valo: IValo,
    private _context: DocumentRegistry.IContext<INotebookModel>
  ) {
    super();
    this.drift = new NotebookDrift(_valo.api, _context);
    this.drift.stateChanged.connect(this.changed, this);
    _valo.preferences.stateChanged.connect(this._onList, this);
    _valo.runs.changed.connect(this._onRun, this);
    _valo.drafts.changed.connect(this._onDraft, this);
    _valo.server.stateChanged.connect(this._onServer, this);
    _context.pathChanged.connect(this._onPath, this);
    this._onServer();
    void this._readDraft();
  }

  /** How the notebook differs from what its executions were made of. */
  readonly drift: NotebookDrift;

  get executions(): readonly IExecution[] {
    const all = [...this._lists.values()].flatMap(list => list.executions);
    return all.sort((a, b) => (a.ctime < b.ctime ? 1 : -1)).slice(0, this._valo.preferences.marks);
  }

  driftOf({ id }: IExecution): IDrift | undefined {
    return this.drift.of(id);
  }

  get progress(): IRunProgress | null {
    return this._valo.runs.progress(this.path);
  }

  get path(): string {
    return this._context.path;
  }

  /** The project and parameters of the notebook; null until the server told. */
  get info(): INotebookInfo | null {
    return this._info;
  }

  /** What one click runs with; null: the notebook's own values. */
  get choices(): IDraft | null {
    return this._choices;
  }

  /** The notebook that this one is a copy of, as long as it has no execution of its own. */
  get copyOf(): string | null {
    const loaded = [...this._lists.values()].every(list => list.loaded);
    return loaded && this.executions.length === 0 ? (this._info?.copy_of ?? null) : null;
  }

  dispose(): void {
    this._lists.forEach(list => list.dispose());
    this._lists.clear();
    this.drift.dispose();
    super.dispose();
  }

  private async _resolve(): Promise<void> {
    const path = this.path;
    if (path === this._resolving) {
      return;
    }
    this._resolving = path;
    try {
      const info = await this._valo.api.notebook(path);
      if (path === this.path && !this.isDisposed) {
        this._info = info;
        this._inherit(info);
        await this._follow(placesOf(info));
      }
    } catch {
      // a notebook that cannot be run shows no marks; pressing the button says why
      this._info = null;
    }
    if (this._resolving === path) {
      this._resolving = null;
    }
    this.changed();
  }

  /** One list for each project that the notebook was in. */
  private async _follow(places: readonly IPlace[]): Promise<void> {
    const projects = new Set(places.map(({ project }) => project.id));
    this._lists.forEach((list, project) => {
      if (!projects.has(project)) {
        list.dispose();
        this._lists.delete(project);
      }
    });
    await Promise.all(
      [...projects].map(project => {
        let list = this._lists.get(project);
        if (!list) {
          list = new ExecutionList(this._valo.api, this._valo.feed, MOST, true);
          list.stateChanged.connect(this._onList, this);
          this._lists.set(project, list);
        }
        return list.setFilter({ project, places: places.filter(place => place.project.id === project) });
      })
    );
  }

  private async _readDraft(): Promise<void> {
    const { path } = this;
    const draft = await this._valo.drafts.fetch(path).catch(() => null);
    if (path === this.path) {
      this._choices = draft && !isEmpty(draft) ? draft : null;
      this.changed();
    }
  }

  /** A copy begins with the choices of its original. */
  private _inherit({ copy_of: original }: INotebookInfo): void {
    const { drafts } = this._valo;
    const { path } = this;
    if (original) {
      void (async () => {
        const own = await drafts.fetch(path);
        const inherited = own ? null : await drafts.fetch(original);
        if (inherited && path === this.path) {
          await drafts.save(path, inherited);
        }
      })().catch(() => undefined);
    }
  }

  private _onList(): void {
    this.drift.executions = this._valo.preferences.drift ? this.executions.map(({ id }) => id) : [];
    this.changed();
  }

  private _onRun(_: Runs, path: string): void {
    if (path === this.path) {
      if (!this._info && !this.progress) {
        void this._resolve();
      }
      this.changed();
    }
  }

  private _onDraft(_: Drafts, path: string): void {
    if (path === this.path) {
      void this._readDraft();
    }
  }

  private _onPath(): void {
    void this._resolve();
    void this._readDraft();
  }

  private _onServer(): void {
    if (this._valo.server.reachable && !this._info) {
      void this._resolve();
    }
  }

  private _choices: IDraft | null = null;
  private _info: INotebookInfo | null = null;
  private _lists = new Map<string, ExecutionList>();
  private _resolving: string | null = null;
}

/** A server side that does not tell of places knows the present one. */
export function placesOf({ project, path, places }: INotebookInfo): readonly IPlace[] {
  return places ?? [{ project, path, since: null, until: null }];
}
