/** The way to a notebook that may not be open. */
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

/** The panel of a notebook, in front of all others and loaded; opened when it is not. */
export async function openNotebook(
  trans: TranslationBundle,
  app: { commands: CommandRegistry; shell: { activateById: (id: string) => void } },
  tracker: INotebookTracker,
  path: string
): Promise<NotebookPanel> {
  const open = tracker.find(({ context }) => context.path === path);
  const panel: NotebookPanel | undefined =
    open ?? (await app.commands.execute('docmanager:open', { path, factory: 'Notebook' }));
  if (!panel) {
    // Notebook 7 opens it in another tab of the browser, which is not reached from here
    throw new Error(trans.__('%1 has a tab of its own: choose this again there.', path));
  }
  await panel.revealed;
  await panel.context.ready;
  app.shell.activateById(panel.id);
  return panel;
}
