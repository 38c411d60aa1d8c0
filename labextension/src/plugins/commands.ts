/** Everything a user can do, as commands. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IRunRequest } from '../api/types';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { askSnapshot } from '../widgets/confirm';
import { announceFailure } from '../widgets/failure';
import { runIcon } from '../widgets/icons';

const RUN_ARGS = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'The open notebook to run; the one in front when left out.' },
    parameters: { type: 'object', description: 'Values of the notebook’s parameters, by name.' },
    inputs: { type: 'object', description: 'Addresses of the notebook’s inputs, by name.' },
    environment: { type: 'string', description: 'Where to run: slug of an environment.' },
    tags: { type: 'array', items: { type: 'string' }, description: 'Tags of the execution.' },
    title: { type: 'string', description: 'Title of the execution.' }
  }
};

const ID_ARGS = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', description: 'Identifier of the execution.' } }
};

/** Of a command's arguments only what a run takes: Lumino adds the key event of a shortcut. */
function requestIn(args: ReadonlyPartialJSONObject): Partial<IRunRequest> {
  const known = Object.keys(RUN_ARGS.properties);
  return Object.fromEntries(Object.entries(args).filter(([name]) => known.includes(name)));
}

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:commands',
  description: 'Commands that run notebooks remotely, stop and repeat executions.',
  autoStart: true,
  requires: [IValo, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;

    const panelOf = (args: ReadonlyPartialJSONObject): NotebookPanel | null =>
      (args.path === undefined ? tracker.currentWidget : tracker.find(panel => panel.context.path === args.path)) ??
      null;

    const failed = (reason: unknown, retry?: () => void) => announceFailure(trans, reason, retry);

    commands.addCommand(CommandIDs.run, {
      label: trans.__('Run Remotely'),
      caption: trans.__('Save this notebook and run it remotely'),
      icon: runIcon,
      describedBy: { args: RUN_ARGS },
      isEnabled: args => panelOf(args) !== null,
      execute: async args => {
        const panel = panelOf(args);
        if (!panel) {
          return null;
        }
        const { context } = panel;
        try {
          const execution = await valo.runs.run({
            ...requestIn(args),
            path: context.path,
            // the rejection is the user's: a dialog "File changed" was cancelled, or Lab has said what failed
            save: () =>
              context.ready
                .then(() => context.save())
                .then(
                  () => true,
                  () => false
                ),
            confirm: question => askSnapshot(trans, question)
          });
          if (execution) {
            valo.projects.choose(execution.project);
          }
          return execution as unknown as ReadonlyPartialJSONObject | null;
        } catch (reason) {
          failed(reason, () => void commands.execute(CommandIDs.run, args));
          return null;
        }
      }
    });

    commands.addCommand(CommandIDs.stop, {
      label: trans.__('Stop Execution'),
      describedBy: { args: ID_ARGS },
      execute: async args => {
        try {
          await valo.api.stop(String(args.id));
          valo.feed.push(await valo.api.execution(String(args.id)));
        } catch (reason) {
          failed(reason);
        }
      }
    });

    commands.addCommand(CommandIDs.rerun, {
      label: trans.__('Run Execution Again'),
      describedBy: { args: ID_ARGS },
      execute: async args => {
        try {
          const execution = await valo.api.copy(String(args.id));
          valo.feed.push(execution);
          await commands.execute(CommandIDs.open, { id: execution.id });
        } catch (reason) {
          failed(reason);
        }
      }
    });

    commands.addCommand(CommandIDs.browse, {
      label: trans.__('Show Executions'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById('valo-sidebar')
    });

    const category = trans.__('Valo');
    palette?.addItem({ command: CommandIDs.run, category });
    palette?.addItem({ command: CommandIDs.browse, category });
  }
};
