/** What Valo shows at the cells of one open notebook: where they run, and which differ from the last execution. */
import type { Cell } from '@jupyterlab/cells';
import type { INotebookCellExecutor, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Throttler } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { IExecution } from '../api/types';
import { placeTag } from '../model/cellTags';
import { CellExecutor } from '../model/executor';
import type { NotebookMarks } from '../model/marks';
import type { Preferences } from '../model/preferences';
import { CellDecoration } from './cellNote';

const PAUSE = 200;

export interface INotebookCellsOptions {
  panel: NotebookPanel;
  marks: NotebookMarks;
  preferences: Preferences;
  /** What runs cells in Lab. */
  executor: INotebookCellExecutor | null;
  trans: TranslationBundle;
  /** Shows how a cell differs. */
  showDrift: (execution: IExecution, cell: Cell, mark: HTMLElement) => void;
}

export class NotebookCells implements IDisposable {
  constructor(private _options: INotebookCellsOptions) {
    const { panel, marks, preferences, executor } = _options;
    this._throttler = new Throttler(() => this._refresh(), PAUSE);
    panel.content.modelContentChanged.connect(this._later, this);
    marks.stateChanged.connect(this._later, this);
    preferences.stateChanged.connect(this._later, this);
    if (executor instanceof CellExecutor) {
      executor.skipped.connect(this._onSkipped, this);
    }
    panel.disposed.connect(() => this.dispose());
    void panel.context.ready.then(() => this._later());
  }

  get isDisposed(): boolean {
    return this._throttler.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._throttler.dispose();
      Signal.clearData(this);
    }
  }

  private _later(): void {
    if (!this.isDisposed) {
      void this._throttler.invoke();
    }
  }

  private _onSkipped(_: CellExecutor, cell: Cell): void {
    if (this._options.panel.content.widgets.includes(cell)) {
      this._skipped.add(cell);
      this._refresh();
    }
  }

  private _refresh(): void {
    const { panel, marks, preferences, executor, trans, showDrift } = this._options;
    if (panel.isDisposed) {
      return;
    }
    const [newest] = marks.executions;
    const drift = newest && preferences.drift ? marks.driftOf(newest) : undefined;
    const states = new Map(drift?.cells.map(({ id, state }) => [id, state]));
    const runs = !preferences.skipRemoteOnly || !(executor instanceof CellExecutor);
    for (const cell of panel.content.widgets) {
      const tag = placeTag(cell.model);
      const state = states.get(cell.model.id) ?? null;
      let decoration = this._decorations.get(cell);
      if (!decoration) {
        if (!tag && !state) {
          continue;
        }
        decoration = new CellDecoration(cell, trans, (changed, mark) => {
          const [execution] = marks.executions;
          if (execution) {
            showDrift(execution, changed, mark);
          }
        });
        this._decorations.set(cell, decoration);
      }
      decoration.note(tag, this._skipped.has(cell), runs);
      decoration.drift(state, newest?.counter ?? null);
    }
  }

  private _decorations = new WeakMap<Cell, CellDecoration>();
  private _skipped = new WeakSet<Cell>();
  private _throttler: Throttler;
}
