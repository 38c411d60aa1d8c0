/** The button and the marks in the toolbar of every notebook. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { openExecutionMenu } from '../widgets/executionMenu';
import { LastMarksWidget, RunWidget, type IRunActions } from '../widgets/toolbar';

export const toolbarPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:toolbar',
  description: 'Run remotely, and the marks of the last executions, in the notebook toolbar.',
  autoStart: true,
  requires: [IValo, IToolbarWidgetRegistry],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, valo: IValo, toolbars: IToolbarWidgetRegistry, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const actionsOf = (panel: NotebookPanel): IRunActions => ({
      run: () => void commands.execute(CommandIDs.run, { path: panel.context.path }),
      options: () => void commands.execute(CommandIDs.runForm, { path: panel.context.path }),
      menu: (execution, anchor) => openExecutionMenu(commands, trans, execution, anchor),
      openNotebook: path => void commands.execute('docmanager:open', { path }),
      get shortcut() {
        const binding = commands.keyBindings.find(({ command }) => command === CommandIDs.run);
        return binding ? `(${CommandRegistry.formatKeystroke(binding.keys)})` : '';
      }
    });

    toolbars.addFactory<NotebookPanel>(
      'Notebook',
      'valo-run',
      panel => new RunWidget(valo.marks(panel), trans, actionsOf(panel))
    );
    toolbars.addFactory<NotebookPanel>(
      'Notebook',
      'valo-marks',
      panel => new LastMarksWidget(valo.marks(panel), trans, actionsOf(panel))
    );
  }
};
