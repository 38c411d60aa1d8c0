/** Lab's own means of drawing notebooks and rich outputs, as the plugins were given them. */
import type { CodeEditor, IEditorMimeTypeService } from '@jupyterlab/codeeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ISignal } from '@lumino/signaling';

export interface IRenderers {
  rendermime: IRenderMimeRegistry;
  contentFactory: NotebookPanel.IContentFactory;
  mimeTypeService: IEditorMimeTypeService;
  /** Makes editors in cells; only what compares needs it. */
  editorFactory?: CodeEditor.Factory;
  /** Another theme is shown; null where themes do not change. */
  themeChanged: ISignal<unknown, unknown> | null;
}
