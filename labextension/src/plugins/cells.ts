/** What Valo shows at the cells of open notebooks, and the way to one of them. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import { INotebookCellExecutor, INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { placesOf } from '../model/marks';
import type { IExecution } from '../api/types';
import { CommandIDs, IValo } from '../tokens';
import { DriftView } from '../widgets/driftView';
import { announceFailure } from '../widgets/failure';
import { NotebookCells } from '../widgets/notebookCells';
import { openNotebook } from '../widgets/openNotebook';
import { Popover } from '../widgets/popover';

export const cellsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:cells',
  description: 'Marks cells that changed since the last execution, and those that run in one place only.',
  autoStart: true,
  requires: [IValo, INotebookTracker],
  optional: [ITranslator, INotebookCellExecutor],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    executor: INotebookCellExecutor | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;

    const goTo = async (panel: NotebookPanel, index: number): Promise<Cell> => {
      const { content } = panel;
      content.activeCellIndex = index;
      await content.scrollToItem(index, 'center');
      const cell = content.widgets[index];
      // scrolling alone is not seen when the cell was in view
      cell.addClass('valo-mod-found');
      setTimeout(() => !cell.isDisposed && cell.removeClass('valo-mod-found'), 2000);
      return cell;
    };

    /** The cell's difference in a panel beside its mark, from which the next one is reached. */
    const showDrift = (panel: NotebookPanel, execution: IExecution, cell: Cell, mark: HTMLElement) => {
      const found = valo.marks(panel).driftOf(execution);
      const view = new DriftView({
        trans,
        api: valo.api,
        execution,
        cell,
        was: found?.cells.find(({ id }) => id === cell.model.id)?.was ?? null,
        openExecution: () => {
          popover.dispose();
          void commands.execute(CommandIDs.open, { id: execution.id });
        },
        step: by => {
          const drift = valo.marks(panel).driftOf(execution);
          const ids = (drift?.cells ?? []).map(({ id }) => id);
          const place = ids.indexOf(cell.model.id);
          const id = ids[(place + by + ids.length) % ids.length];
          const index = panel.content.widgets.findIndex(({ model }) => model.id === id);
          if (index >= 0) {
            popover.dispose();
            void goTo(panel, index).then(next => {
              const beside = next.node.querySelector<HTMLElement>('.valo-CellDrift');
              showDrift(panel, execution, next, beside ?? next.node);
            });
          }
        }
      });
      const popover = new Popover(view, mark, trans.__('Changed since #%1', execution.counter));
      popover.addClass('valo-DriftPopover');
      popover.open();
    };

    const decorate = (panel: NotebookPanel) =>
      new NotebookCells({
        panel,
        marks: valo.marks(panel),
        preferences: valo.preferences,
        executor,
        trans,
        showDrift: (execution, cell, mark) => showDrift(panel, execution, cell, mark)
      });
    tracker.forEach(decorate);
    tracker.widgetAdded.connect((_, panel) => decorate(panel));

    /** The notebook of an execution: open already, or opened where its project's other notebooks are. */
    const notebookOf = async ({ project, notebook }: IExecution): Promise<NotebookPanel> => {
      const open = tracker.find(panel => {
        const { info } = valo.marks(panel);
        const places = info ? placesOf(info) : [];
        return places.some(place => place.project.id === project.id && place.path === notebook?.path);
      });
      const path = open?.context.path ?? valo.api.pathOf(project.id, notebook?.path ?? '');
      return openNotebook(trans, app, tracker, path);
    };

    /** Where the failing cell of an execution stands in the notebook as it is now; -1: nowhere any more. */
    const failingCell = async (panel: NotebookPanel, execution: IExecution): Promise<number> => {
      const executed = await valo.api.executedNotebook(execution.id);
      // Papermill puts notes about the error between the cells, none of them code
      const failed = executed.cells.filter(cell => cell.cell_type === 'code')[(execution.error?.code_cell ?? 0) - 1];
      const text = failed && (typeof failed.source === 'string' ? failed.source : failed.source.join(''));
      const models = panel.content.widgets.map(({ model }) => model);
      const known = models.findIndex(({ id }) => id === failed?.id);
      return known >= 0 ? known : models.findIndex(({ sharedModel }) => sharedModel.getSource() === text);
    };

    commands.addCommand(CommandIDs.goToCell, {
      label: trans.__('Go to Cell'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            id: { type: 'string', description: 'Identifier of an execution: its failing cell is meant.' },
            path: { type: 'string', description: 'The notebook, when no execution is given.' },
            index: { type: 'number', description: 'Place of the cell in it, from 0.' }
          }
        }
      },
      execute: async args => {
        try {
          const execution = args.id === undefined ? null : await valo.api.execution(String(args.id));
          const panel = execution
            ? await notebookOf(execution)
            : await openNotebook(trans, app, tracker, String(args.path));
          const index = execution ? await failingCell(panel, execution) : Number(args.index);
          if (index < 0 || index >= panel.content.widgets.length) {
            throw new Error(trans.__('The notebook no longer has this cell; the executed notebook shows it.'));
          }
          await goTo(panel, index);
        } catch (reason) {
          announceFailure(trans, reason);
        }
      }
    });
  }
};
