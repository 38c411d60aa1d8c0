/** The executed notebook in Lab's own cells: read only, untrusted, updated in place while it runs. */
import type { Cell, ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookContent, IOutput } from '@jupyterlab/nbformat';
import { NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import type { IRenderers } from './renderers';
import { updateOutputs } from './updateOutputs';

const READ_ONLY = { readOnly: true, lineNumbers: false };

/** Where the notebook comes from: an execution while it runs, or a file. */
export interface INotebookSource {
  readonly content: INotebookContent | null;
  readonly stateChanged: ISignal<unknown, void>;
  /** Place of a code cell, by its number; -1 when it is not there. */
  placeOf(code: number): number;
  /** What is known of the run of each code cell. */
  readonly cells?: readonly { code: number; state: string }[];
}

/** What stands beside each code cell, by its number; empty for nothing. */
export type CellFacts = (code: number) => string;

export class ExecutedNotebook extends StaticNotebook {
  /** `cell`: number of the code cell to begin at. */
  constructor(
    private _executed: INotebookSource,
    renderers: IRenderers,
    private _cell: number | null,
    private _facts: CellFacts = () => ''
  ) {
    super({
      rendermime: renderers.rendermime,
      contentFactory: renderers.contentFactory,
      mimeTypeService: renderers.mimeTypeService,
      editorConfig: {
        code: { ...StaticNotebook.defaultEditorConfig.code, ...READ_ONLY },
        markdown: { ...StaticNotebook.defaultEditorConfig.markdown, ...READ_ONLY },
        raw: { ...StaticNotebook.defaultEditorConfig.raw, ...READ_ONLY }
      },
      notebookConfig: { ...StaticNotebook.defaultNotebookConfig, windowingMode: 'defer' }
    });
    this.addClass('valo-ExecutedNotebook');
    const model = new NotebookModel();
    model.readOnly = true;
    this.model = model;
    this._model = model;
    _executed.stateChanged.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    super.dispose();
    this._model.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this._cell !== null) {
      void this._showCell(this._cell);
    }
  }

  private async _showCell(code: number): Promise<void> {
    const index = this._executed.placeOf(code);
    if (index < 0) {
      return;
    }
    const cell = this.widgets[index];
    await this.scrollToItem(index, 'start');
    if (this.isDisposed) {
      return;
    }
    cell.addClass('valo-Cell-shown');
    cell.node.tabIndex = -1;
    cell.node.focus({ preventScroll: true });
    this._hold(cell);
  }

  /** Cells above it, drawn later, would push it away: it stays until the reader moves. */
  private _hold(cell: Cell): void {
    const observer = new ResizeObserver(() => {
      const away = cell.node.getBoundingClientRect().top - this.outerNode.getBoundingClientRect().top;
      this.outerNode.scrollTop += away;
    });
    const release = () => observer.disconnect();
    observer.observe(this.viewportNode);
    this.disposed.connect(release);
    for (const type of ['wheel', 'pointerdown', 'touchstart', 'keydown']) {
      this.node.addEventListener(type, release, { once: true, passive: true });
    }
  }

  private _onChanged(): void {
    const { content } = this._executed;
    if (!content || this.isDisposed) {
      return;
    }
    if (content !== this._shown) {
      if (this._shown && sameCells(this._shown, content)) {
        this._updateCells(content);
      } else {
        this._model.fromJSON(content);
      }
      this._shown = content;
    }
    this._tellFacts();
  }

  private _tellFacts(): void {
    for (const { code, state } of this._executed.cells ?? []) {
      const node = this.widgets[this._executed.placeOf(code)]?.node;
      if (node) {
        node.dataset.valoFacts = this._facts(code);
        node.dataset.valoState = state;
      }
    }
  }

  /** Only what is new is drawn, so that the reader's place and selection stay. */
  private _updateCells(content: INotebookContent): void {
    content.cells.forEach((cell, index) => {
      if (cell.cell_type !== 'code') {
        return;
      }
      const model = this._model.cells.get(index) as ICodeCellModel;
      const outputs = (cell.outputs ?? []) as IOutput[];
      updateOutputs(model.outputs, outputs);
      model.executionCount = (cell.execution_count as number | null) ?? null;
    });
  }

  private _model: NotebookModel;
  private _shown: INotebookContent | null = null;
}

function sameCells(before: INotebookContent, after: INotebookContent): boolean {
  return (
    before.cells.length === after.cells.length &&
    before.cells.every(
      (cell, index) =>
        cell.cell_type === after.cells[index].cell_type && String(cell.source) === String(after.cells[index].source)
    )
  );
}
