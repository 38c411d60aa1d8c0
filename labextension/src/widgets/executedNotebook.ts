/** The executed notebook in Lab's own cells: read only, untrusted, updated in place while it runs. */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookContent, IOutput } from '@jupyterlab/nbformat';
import { NotebookModel, StaticNotebook } from '@jupyterlab/notebook';
import type { IOutputAreaModel } from '@jupyterlab/outputarea';
import { JSONExt, type ReadonlyJSONValue } from '@lumino/coreutils';
import type { ExecutedModel } from '../model/executed';
import type { IRenderers } from './renderers';

const READ_ONLY = { readOnly: true, lineNumbers: false };

export class ExecutedNotebook extends StaticNotebook {
  constructor(
    private _executed: ExecutedModel,
    renderers: IRenderers
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

  private _onChanged(): void {
    const { content } = this._executed;
    if (!content || content === this._shown || this.isDisposed) {
      return;
    }
    if (this._shown && sameCells(this._shown, content)) {
      this._updateCells(content);
    } else {
      this._model.fromJSON(content);
    }
    this._shown = content;
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
        cell.cell_type === after.cells[index].cell_type &&
        String(cell.source) === String(after.cells[index].source)
    )
  );
}

/** Keep the outputs that are the same, replace the last that grew, append what came. */
export function updateOutputs(area: IOutputAreaModel, outputs: IOutput[]): void {
  const shown = area.toJSON();
  const same = (index: number) =>
    JSONExt.deepEqual(normal(shown[index]) as ReadonlyJSONValue, normal(outputs[index]) as ReadonlyJSONValue);
  let kept = 0;
  while (kept < shown.length && kept < outputs.length && same(kept)) {
    kept += 1;
  }
  if (kept === shown.length && kept === outputs.length) {
    return;
  }
  const onlyLastChanged = kept === shown.length || (kept === shown.length - 1 && outputs.length >= shown.length);
  if (!onlyLastChanged || shown.length === 0) {
    area.fromJSON(outputs);
    return;
  }
  if (kept < shown.length) {
    area.set(kept, outputs[kept]);
    kept += 1;
  }
  outputs.slice(kept).forEach(output => area.add(output));
}

/** nbformat allows text as one string or as lines. */
function normal(output: IOutput): unknown {
  return 'text' in output && Array.isArray(output.text) ? { ...output, text: output.text.join('') } : output;
}
