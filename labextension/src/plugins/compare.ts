/** Opens the comparison of two executions, and again after a reload. */
import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { CompareWidget } from '../widgets/compare';
import { valoIcon } from '../widgets/icons';
import { renderersOf } from '../widgets/renderers';

export const comparePlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:compare',
  description: 'The page that compares two executions.',
  autoStart: true,
  requires: [IValo, IRenderMimeRegistry, NotebookPanel.IContentFactory, IEditorServices],
  optional: [ITranslator, ILayoutRestorer, ILabShell, IThemeManager],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    editors: IEditorServices,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    themes: IThemeManager | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const pages = new WidgetTracker<MainAreaWidget<CompareWidget>>({ namespace: 'valo-compare' });
    const renderers = renderersOf(rendermime, contentFactory, editors, themes);
    const compare = (left: string, right: string) => void commands.execute(CommandIDs.compare, { left, right });

    commands.addCommand(CommandIDs.compare, {
      label: trans.__('Compare Executions'),
      describedBy: {
        args: {
          type: 'object',
          required: ['left', 'right'],
          properties: {
            left: { type: 'string', description: 'Identifier of an execution.' },
            right: { type: 'string', description: 'Identifier of the one that it is compared with.' }
          }
        }
      },
      execute: async args => {
        const [left, right] = [String(args.left), String(args.right)];
        let page = pages.find(({ content: { pair } }) => pair.left === left && pair.right === right);
        if (!page) {
          const content = new CompareWidget({
            left,
            right,
            valo,
            trans,
            renderers,
            openExecution: ({ id }) => void commands.execute(CommandIDs.open, { id }),
            onSwap: () => compare(right, left)
          });
          page = new MainAreaWidget({ content });
          page.id = `valo-compare-${left}-${right}`;
          page.title.icon = valoIcon;
          page.title.closable = true;
          page.toolbar.hide();
          // Notebook 7 shows one document in its main area; the page stands beside it
          app.shell.add(page, labShell ? 'main' : 'right');
          await pages.add(page);
        }
        app.shell.activateById(page.id);
      }
    });

    void restorer?.restore(pages, {
      command: CommandIDs.compare,
      args: ({ content }) => content.pair,
      name: ({ content: { pair } }) => `${pair.left}:${pair.right}`
    });
  }
};
