/** Two notebooks side by side, by nbdime. */
import type { INotebookContent } from '@jupyterlab/nbformat';
import { Panel, Widget } from '@lumino/widgets';
import { NotebookDiffModel } from 'nbdime/lib/diff/model';
import { NotebookDiffWidget } from 'nbdime/lib/diff/widget';
import 'nbdime/lib/common/collapsible.css';
import 'nbdime/lib/styles/common.css';
import 'nbdime/lib/styles/diff.css';
import 'nbdime/lib/styles/variables.css';
import 'nbdime/lib/upstreaming/flexpanel.css';
import type { IRenderers } from './renderers';

type Operations = ConstructorParameters<typeof NotebookDiffModel>[1];

/**
 * `diff` leads from `base` to the other notebook.
 *
 * Outputs are drawn as those of untrusted notebooks.
 */
export function notebookDiff(base: INotebookContent, diff: unknown[], renderers: IRenderers): Widget {
  const panel = new Panel();
  panel.addClass('valo-NotebookDiff');
  // nbdime asks for one that resolves addresses; these notebooks lie in no folder
  const rendermime = renderers.rendermime.clone();
  const widget = new NotebookDiffWidget({
    model: new NotebookDiffModel(base, diff as Operations),
    rendermime,
    editorFactory: renderers.editorFactory,
    collapseIdentical: true
  });
  panel.addWidget(widget);
  void widget.init();
  return panel;
}
