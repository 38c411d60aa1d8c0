/** The button and the marks in the toolbar of every notebook. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { DOMAIN } from '../components/trans';
import { NotebookMarks } from '../model/marks';
import { CommandIDs, IValo } from '../tokens';
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
    const marks = new WeakMap<NotebookPanel, NotebookMarks>();

    const marksOf = (panel: NotebookPanel): NotebookMarks => {
      let model = marks.get(panel);
      if (!model) {
        const created = new NotebookMarks(valo, panel.context);
        marks.set(panel, created);
        panel.disposed.connect(() => created.dispose());
        model = created;
      }
      return model;
    };

    const actionsOf = (panel: NotebookPanel): IRunActions => ({
      run: () => void commands.execute(CommandIDs.run, { path: panel.context.path }),
      options: () => void commands.execute(CommandIDs.runForm, { path: panel.context.path }),
      open: ({ id }) => void commands.execute(CommandIDs.open, { id }),
      get shortcut() {
        const binding = commands.keyBindings.find(({ command }) => command === CommandIDs.run);
        return binding ? `(${CommandRegistry.formatKeystroke(binding.keys)})` : '';
      }
    });

    toolbars.addFactory<NotebookPanel>(
      'Notebook',
      'valo-run',
      panel => new RunWidget(marksOf(panel), trans, actionsOf(panel))
    );
    toolbars.addFactory<NotebookPanel>(
      'Notebook',
      'valo-marks',
      panel => new LastMarksWidget(marksOf(panel), trans, actionsOf(panel))
    );
  }
};
