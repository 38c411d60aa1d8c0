/** The last executions of one open notebook, and the submission under way. */
import type { IChangedArgs } from '@jupyterlab/coreutils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { IExecution, INotebookInfo, IRunProgress } from '../api/types';
import type { IValo } from '../tokens';
import { ExecutionList } from './executions';
import { Model } from './model';
import type { Runs } from './run';

/** As many as the setting allows. */
const MOST = 20;

export class NotebookMarks extends Model {
  constructor(
    private _valo: IValo,
    private _context: DocumentRegistry.Context
  ) {
    super();
    this._list = new ExecutionList(_valo.api, _valo.feed, MOST, true);
    this._list.stateChanged.connect(this.changed, this);
    _valo.preferences.stateChanged.connect(this.changed, this);
    _valo.runs.changed.connect(this._onRun, this);
    _context.pathChanged.connect(this._onPath, this);
    _valo.server.stateChanged.connect(this._onServer, this);
    this._onServer();
  }

  get executions(): readonly IExecution[] {
    return this._list.executions.slice(0, this._valo.preferences.marks);
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

  dispose(): void {
    this._list.dispose();
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
        await this._list.setFilter({ project: info.project.id, notebook: info.path });
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

  private _onRun(_: Runs, path: string): void {
    if (path === this.path) {
      if (!this._info && !this.progress) {
        void this._resolve();
      }
      this.changed();
    }
  }

  private _onPath(_: DocumentRegistry.Context, __: string | IChangedArgs<string>): void {
    void this._resolve();
  }

  private _onServer(): void {
    if (this._valo.server.reachable && !this._info) {
      void this._resolve();
    }
  }

  private _info: INotebookInfo | null = null;
  private _list: ExecutionList;
  private _resolving: string | null = null;
}
