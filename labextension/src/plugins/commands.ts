/** Running notebooks, as commands. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IFinding, IRunRequest } from '../api/types';
import { stateSentence } from '../components/state';
import { DOMAIN } from '../components/trans';
import { fitting, isEmpty, isValid, requestOf, withSecret } from '../model/draft';
import { CommandIDs, IValo } from '../tokens';
import { askSnapshot } from '../widgets/confirm';
import { announceFailure } from '../widgets/failure';
import { runIcon } from '../widgets/icons';
import { askSecrets } from '../widgets/secretGuard';

const RUN_ARGS = {
  type: 'object',
  properties: {
    path: { type: 'string', description: 'The notebook to run; the one in front when left out.' },
    parameters: { type: 'object', description: 'Values of the notebook’s parameters, by name.' },
    inputs: { type: 'object', description: 'Addresses of the notebook’s inputs, by name.' },
    environment: { type: 'string', description: 'Where to run: slug of an environment.' },
    tags: { type: 'array', items: { type: 'string' }, description: 'Tags of the execution.' },
    title: { type: 'string', description: 'Title of the execution.' },
    image: { type: 'string', description: 'Image of the container it runs in.' },
    resources: { type: 'object', description: 'What is asked of the machine: cpu, memory_bytes, gpus.' },
    time_limit: { type: 'number', description: 'Seconds after which it is stopped.' },
    include: { type: 'string', enum: ['folder', 'notebook'], description: 'What is sent.' },
    accept: {
      type: 'array',
      items: { type: 'string' },
      description: 'Questions that are answered with yes: large, home, secrets.'
    },
    accept_findings: {
      type: 'array',
      items: { type: 'string' },
      description: 'Fingerprints of values that look like secrets, and are none.'
    }
  }
};

/** Of a command's arguments only what a run takes, but for variables: Lumino adds the key event of a shortcut. */
function requestIn(args: ReadonlyPartialJSONObject): Partial<IRunRequest> {
  const known = Object.keys(RUN_ARGS.properties);
  return Object.fromEntries(Object.entries(args).filter(([name]) => known.includes(name)));
}

export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:commands',
  description: 'Commands that run notebooks remotely.',
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

    /** The last choices of a notebook; null when the form has to be looked at first. */
    const choicesOf = async (path: string): Promise<Partial<IRunRequest> | null> => {
      const draft = await valo.drafts.fetch(path);
      if (!draft || isEmpty(draft)) {
        return {};
      }
      const info = await valo.api.notebook(path);
      const fits = fitting(draft, info, null);
      if (!isValid(fits, info)) {
        void commands.execute(CommandIDs.runForm, { path });
        return null;
      }
      return requestOf(fits, info);
    };

    /** What the secret guard found, shown; plain variables that become secret ones stay so. */
    const guard = async (path: string, findings: IFinding[]) => {
      const answer = await askSecrets(trans, findings, {
        toCell: index => void commands.execute(CommandIDs.goToCell, { path, index }),
        toForm: () => void commands.execute(CommandIDs.runForm, { path })
      });
      const draft = answer === 'variable' ? await valo.drafts.fetch(path) : null;
      if (draft) {
        const found = findings.flatMap(({ where, name }) => (where === 'variable' && name ? [name] : []));
        await valo.drafts.save(path, found.reduce(withSecret, draft));
      }
      return answer;
    };

    commands.addCommand(CommandIDs.run, {
      label: trans.__('Run Remotely'),
      caption: trans.__('Save this notebook and run it remotely with its last choices'),
      icon: runIcon,
      describedBy: { args: RUN_ARGS },
      isEnabled: args => typeof args.path === 'string' || panelOf(args) !== null,
      execute: async args => {
        const context = panelOf(args)?.context;
        const path = context?.path ?? (args.path as string | undefined);
        if (path === undefined) {
          return null;
        }
        const request = requestIn(args);
        const given = Object.keys(request).some(name => name !== 'path');
        try {
          const execution = await valo.runs.run({
            ...request,
            path,
            // the rejection is the user's: a dialog "File changed" was cancelled, or Lab has said what failed
            save: async () =>
              context
                ? context.ready
                    .then(() => context.save())
                    .then(
                      () => true,
                      () => false
                    )
                : true,
            choices: given ? undefined : () => choicesOf(path),
            confirm: question => askSnapshot(trans, question),
            guard: findings => guard(path, findings)
          });
          if (execution) {
            valo.projects.choose(execution.project);
            if (!context) {
              // no mark shows that it was taken
              Notification.info(
                trans.__('#%1 %2: %3', execution.counter, execution.title, stateSentence(trans, execution)),
                {
                  autoClose: 5000,
                  actions: [
                    {
                      label: trans.__('Open'),
                      callback: () => void commands.execute(CommandIDs.open, { id: execution.id })
                    }
                  ]
                }
              );
            }
          }
          return execution as unknown as ReadonlyPartialJSONObject | null;
        } catch (reason) {
          announceFailure(trans, reason, () => void commands.execute(CommandIDs.run, args));
          return null;
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
