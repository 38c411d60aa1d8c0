/** The sidebar that lists the project's executions. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { Sidebar } from '../widgets/sidebar';

const RANK = 700;

export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:sidebar',
  description: 'Executions of the project, newest first.',
  autoStart: true,
  requires: [IValo, INotebookTracker],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { commands } = app;
    const sidebar = new Sidebar({
      valo,
      tracker,
      trans: (translator ?? nullTranslator).load(DOMAIN),
      actions: {
        open: ({ id }) => void commands.execute(CommandIDs.open, { id }),
        stop: ({ id }) => void commands.execute(CommandIDs.stop, { id })
      }
    });
    app.shell.add(sidebar, 'left', { rank: RANK, type: 'Executions' });
    restorer?.add(sidebar, sidebar.id);
  }
};
