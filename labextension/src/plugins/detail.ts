/** Opens an execution's page, and again after a reload. */
import { ILabShell, ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IThemeManager, MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { ExecutionPage, type DetailTab } from '../widgets/detail';
import { announceFailure } from '../widgets/failure';
import { valoIcon } from '../widgets/icons';
import { PageTitles } from '../widgets/pageTitles';
import { renderersOf } from '../widgets/renderers';

export const detailPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:detail',
  description: 'The page of one execution.',
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
    const pages = new WidgetTracker<MainAreaWidget<ExecutionPage>>({ namespace: 'valo-execution' });
    const titles = new PageTitles();
    const renderers = renderersOf(rendermime, contentFactory, editors, themes);

    const create = (id: string, tab?: DetailTab) => {
      const content = new ExecutionPage({
        valo,
        id,
        tab,
        trans,
        renderers,
        open: execution => void app.commands.execute(CommandIDs.open, { id: execution.id }),
        command: (name, args) => void app.commands.execute(name, args),
        failed: reason => announceFailure(trans, reason)
      });
      titles.add(content);
      const page = new MainAreaWidget({ content });
      page.id = `valo-execution-${id}`;
      page.title.icon = valoIcon;
      page.title.closable = true;
      page.toolbar.hide();
      return page;
    };

    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Open Execution'),
      describedBy: {
        args: {
          type: 'object',
          required: ['id'],
          properties: {
            id: { type: 'string', description: 'Identifier of the execution.' },
            tab: {
              type: 'string',
              enum: ['details', 'notebook', 'log', 'metadata', 'outputs', 'trace'],
              description: 'The tab to show.'
            }
          }
        }
      },
      execute: async args => {
        const id = String(args.id);
        const tab = args.tab as DetailTab | undefined;
        let page = pages.find(({ content }) => content.executionId === id);
        if (!page) {
          page = create(id, tab);
          // Notebook 7 shows one document in its main area; the page stands beside it
          app.shell.add(page, labShell ? 'main' : 'right');
          await pages.add(page);
          const opened = page;
          // a reload shows the same tab again
          page.content.tabChanged.connect(() => void pages.save(opened));
        } else if (tab) {
          page.content.tab = tab;
        }
        app.shell.activateById(page.id);
      }
    });

    void restorer?.restore(pages, {
      command: CommandIDs.open,
      args: ({ content }) => ({ id: content.executionId, tab: content.tab }),
      name: ({ content }) => content.executionId
    });
  }
};
