/** A line beneath a cell that runs in one place only, and the thin mark of one that differs from an execution's. */
import { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { PlaceTag } from '../model/cellTags';

export type CellDrift = 'changed' | 'added';

/** What stands at one cell; made for it and gone with it. */
export class CellDecoration {
  constructor(
    private _cell: Cell,
    private _trans: TranslationBundle,
    private _onDrift: (cell: Cell, mark: HTMLElement) => void
  ) {}

  /** `skipped`: it was to run here just now; `runs`: it does, whatever its tag says. */
  note(tag: PlaceTag | null, skipped: boolean, runs: boolean): void {
    const text = tag && this._words(tag, skipped, runs);
    if (text === this._text) {
      return;
    }
    this._text = text;
    this._note?.dispose();
    this._note = null;
    if (text === null) {
      return;
    }
    const note = new Widget();
    note.addClass('valo-CellNote');
    note.node.dataset.tag = tag ?? '';
    note.node.setAttribute('role', 'note');
    note.node.textContent = text;
    this._note = note;
    this._add(note);
  }

  drift(state: CellDrift | null, counter: number | null): void {
    if (state === this._state && counter === this._counter) {
      return;
    }
    this._state = state;
    this._counter = counter;
    this._mark?.dispose();
    this._mark = null;
    if (state === null) {
      return;
    }
    const node = document.createElement('button');
    node.type = 'button';
    node.dataset.state = state;
    const label =
      state === 'added'
        ? this._trans.__('This cell was not there in #%1', counter)
        : this._trans.__('Changed since #%1: show what differs', counter);
    node.title = label;
    node.setAttribute('aria-label', label);
    node.setAttribute('aria-haspopup', 'dialog');
    // a click is not meant for the cell
    node.addEventListener('mousedown', event => event.stopPropagation());
    node.addEventListener('click', event => {
      event.stopPropagation();
      this._onDrift(this._cell, node);
    });
    const mark = new Widget({ node });
    mark.addClass('valo-CellDrift');
    this._mark = mark;
    this._add(mark);
  }

  dispose(): void {
    this._note?.dispose();
    this._mark?.dispose();
  }

  /** A cell that was never in view has no parts yet. */
  private _add(widget: Widget): void {
    void this._cell.ready.then(() => {
      const { layout, isDisposed } = this._cell;
      if (!isDisposed && !widget.isDisposed && layout instanceof PanelLayout) {
        layout.addWidget(widget);
      }
    });
  }

  private _words(tag: PlaceTag, skipped: boolean, runs: boolean): string {
    const trans = this._trans;
    if (tag === 'local-only') {
      return trans.__('local-only: runs here, not remotely');
    }
    if (runs) {
      return trans.__('remote-only: runs here all the same, as another extension or a setting has it');
    }
    return skipped
      ? trans.__('Skipped: this cell is remote-only. Run remotely runs it.')
      : trans.__('remote-only: skipped here, runs remotely');
  }

  private _counter: number | null = null;
  private _mark: Widget | null = null;
  private _note: Widget | null = null;
  private _state: CellDrift | null = null;
  private _text: string | null = null;
}
