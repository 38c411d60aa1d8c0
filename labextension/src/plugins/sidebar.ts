/** The sidebar that lists the project's executions. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { openExecutionMenu } from '../widgets/executionMenu';
import { Sidebar, type ISidebarFilter } from '../widgets/sidebar';

const RANK = 700;
/** Lab's own editor of settings; Notebook 7 may be without. */
const SETTINGS = 'settingeditor:open';
const FILTER = 'valo-jupyter:filter';

export const sidebarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:sidebar',
  description: 'Executions of the project, newest first.',
  autoStart: true,
  requires: [IValo, INotebookTracker],
  optional: [ITranslator, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ) => {
    const { commands } = app;
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const menu = new Menu({ commands });
    for (const command of [CommandIDs.environments, CommandIDs.newEnvironment, CommandIDs.registries]) {
      menu.addItem({ command });
    }
    if (commands.hasCommand(SETTINGS)) {
      menu.addItem({ type: 'separator' });
      menu.addItem({ command: SETTINGS, args: { query: 'Valo' } });
    }
    const dataMenu = new Menu({ commands });
    for (const command of [CommandIDs.data, CommandIDs.stores, CommandIDs.datasets]) {
      dataMenu.addItem({ command });
    }
    const openBeside = (opened: Menu, anchor: HTMLElement) => {
      const { left, top } = anchor.getBoundingClientRect();
      opened.open(left, top, { horizontalAlignment: 'left' });
    };
    const sidebar = new Sidebar({
      valo,
      tracker,
      trans,
      actions: {
        open: ({ id }) => void commands.execute(CommandIDs.open, { id }),
        stop: ({ id }) => void commands.execute(CommandIDs.stop, { id }),
        menu: (execution, anchor, at) => openExecutionMenu(commands, trans, execution, anchor, at),
        stopAll: chosen => void commands.execute(CommandIDs.stop, { ids: idsOf(chosen) }),
        rerunAll: chosen => void commands.execute(CommandIDs.rerun, { ids: idsOf(chosen) }),
        rerunForm: ({ id }) => void commands.execute(CommandIDs.rerunForm, { id }),
        tagAll: chosen => void commands.execute(CommandIDs.tag, { ids: idsOf(chosen) }),
        removeAll: chosen => void commands.execute(CommandIDs.remove, { ids: idsOf(chosen) }),
        compare: (left, right) => void commands.execute(CommandIDs.compare, { left: left.id, right: right.id }),
        openEnvironment: ({ id }) => void commands.execute(CommandIDs.environment, { id }),
        newEnvironment: () => void commands.execute(CommandIDs.newEnvironment),
        openData: (place = {}) => void commands.execute(CommandIDs.data, place as ReadonlyPartialJSONObject),
        environmentsMenu: anchor => openBeside(menu, anchor),
        dataMenu: anchor => openBeside(dataMenu, anchor)
      }
    });
    state?.fetch(FILTER).then(
      filter => {
        if (filter) {
          sidebar.filter = filter as unknown as ISidebarFilter;
        }
      },
      () => undefined // what cannot be remembered is not worth a message
    );
    sidebar.filterChanged.connect((_, filter) => {
      void state?.save(FILTER, filter as unknown as ReadonlyPartialJSONObject);
    });
    app.shell.add(sidebar, 'left', { rank: RANK, type: 'Executions' });
    restorer?.add(sidebar, sidebar.id);
  }
};

function idsOf(executions: readonly { id: string }[]): string[] {
  return executions.map(({ id }) => id);
}
