/** Lab's own means of drawing notebooks and rich outputs, as the plugins were given them. */
import type { IThemeManager } from '@jupyterlab/apputils';
import type { CodeEditor, IEditorMimeTypeService, IEditorServices } from '@jupyterlab/codeeditor';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ISignal } from '@lumino/signaling';

export interface IRenderers {
  rendermime: IRenderMimeRegistry;
  contentFactory: NotebookPanel.IContentFactory;
  mimeTypeService: IEditorMimeTypeService;
  /** Makes editors in cells. */
  editorFactory: CodeEditor.Factory;
  /** Another theme is shown; null where themes do not change. */
  themeChanged: ISignal<unknown, unknown> | null;
}

/** Of what a plugin is given. */
export function renderersOf(
  rendermime: IRenderMimeRegistry,
  contentFactory: NotebookPanel.IContentFactory,
  { mimeTypeService, factoryService }: IEditorServices,
  themes: IThemeManager | null
): IRenderers {
  return {
    rendermime,
    contentFactory,
    mimeTypeService,
    editorFactory: options => factoryService.newInlineEditor(options),
    themeChanged: themes?.themeChanged ?? null
  };
}
