/** Runs cells as Lab does, but those that are to run remotely only. */
import type { Cell } from '@jupyterlab/cells';
import type { INotebookCellExecutor } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { placeTag } from './cellTags';

export class CellExecutor implements INotebookCellExecutor {
  constructor(
    private _inner: INotebookCellExecutor,
    private _enabled: () => boolean
  ) {}

  /** A cell was not run, because of its tag. */
  readonly skipped = new Signal<this, Cell>(this);

  runCell(options: INotebookCellExecutor.IRunCellOptions): Promise<boolean> {
    const { cell, onCellExecuted } = options;
    if (!this._enabled() || placeTag(cell.model) !== 'remote-only') {
      return this._inner.runCell(options);
    }
    this.skipped.emit(cell);
    onCellExecuted({ cell, success: true });
    return Promise.resolve(true);
  }
}
