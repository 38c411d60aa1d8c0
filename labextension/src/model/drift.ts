/** Whether an open notebook is still what its executions were made of; asked when it has been left alone for a moment. */
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookModel } from '@jupyterlab/notebook';
import { Debouncer } from '@lumino/polling';
import type { IDriftCell, ValoAPI } from '../api/client';
import { asError, isAborted } from '../api/errors';
import type { IDrift } from '../api/types';
import { Model } from './model';

const QUIET = 1_000;

export class NotebookDrift extends Model {
  constructor(
    private _api: Pick<ValoAPI, 'drift'>,
    private _context: DocumentRegistry.IContext<INotebookModel>
  ) {
    super();
    this._debouncer = new Debouncer(() => this._ask(), QUIET);
    void _context.ready.then(() => {
      if (!this.isDisposed) {
        _context.model.contentChanged.connect(this._onContent, this);
        this._onContent();
      }
    });
  }

  /** How it differs from what the execution was made of; undefined while that is not known. */
  of(execution: string): IDrift | undefined {
    const found = this._answered[execution];
    return found?.error === null ? found : undefined;
  }

  /** The executions that are shown; without any nothing is asked, nor known. */
  set executions(ids: readonly string[]) {
    this._wanted = ids;
    if (ids.length === 0) {
      this._abort.abort();
      this._answered = {};
    } else if (ids.some(id => !(id in this._answered))) {
      this._onContent();
    }
  }

  dispose(): void {
    this._abort.abort();
    this._debouncer.dispose();
    super.dispose();
  }

  private _onContent(): void {
    if (this._wanted.length && !this._missing && !this.isDisposed) {
      void this._debouncer.invoke();
    }
  }

  private async _ask(): Promise<void> {
    const { model, path } = this._context;
    if (this.isDisposed || !model?.sharedModel || !this._wanted.length) {
      return;
    }
    this._abort.abort();
    const { signal } = (this._abort = new AbortController());
    const cells: IDriftCell[] = model.sharedModel.cells.map(cell => ({
      id: cell.getId(),
      type: cell.cell_type,
      source: cell.getSource()
    }));
    try {
      this._answered = await this._api.drift(path, cells, [...this._wanted], signal);
      this.changed();
    } catch (reason) {
      // a server that does not know of it is not asked again; another failure passes
      this._missing = !isAborted(reason) && asError(reason).status === 404;
    }
  }

  private _abort = new AbortController();
  /** Also those of which it cannot be told. */
  private _answered: Record<string, IDrift> = {};
  private _debouncer: Debouncer;
  private _missing = false;
  private _wanted: readonly string[] = [];
}
