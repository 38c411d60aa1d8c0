/** The form beside the run button, and the one that repeats an execution with changes. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { DOMAIN } from '../components/trans';
import { changesOf, draftOf, EMPTY, infoOf } from '../model/draft';
import { CommandIDs, IValo } from '../tokens';
import { announceFailure } from '../widgets/failure';
import { FormWidget, type IFormOptions } from '../widgets/form';
import { openNotebook } from '../widgets/openNotebook';
import { Popover } from '../widgets/popover';

export const formPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:form',
  description: 'Run a notebook remotely with other parameters, inputs, tags, variables or environment.',
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

    const show = (anchor: Element, title: string, options: Pick<IFormOptions, 'load' | 'run' | 'files'>) => {
      const form = new FormWidget({
        ...options,
        trans,
        valo,
        shortcut: CommandRegistry.formatKeystroke('Accel Enter'),
        run: (draft, info) => {
          popover.dispose();
          options.run(draft, info);
        }
      });
      const popover = new Popover(form, anchor, title);
      popover.open();
    };

    commands.addCommand(CommandIDs.runForm, {
      label: trans.__('Run Remotely with Options…'),
      caption: trans.__('Choose parameters, tags and environment, then run this notebook remotely'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: 'The notebook to run; the one in front when left out.' },
            files: { type: 'array', description: 'Files to use as an input: address and name of each.' }
          }
        }
      },
      isEnabled: args => tracker.currentWidget !== null || args.path !== undefined || args.files !== undefined,
      execute: async args => {
        const files = args.files as unknown as IFormOptions['files'];
        let panel: NotebookPanel | null = null;
        try {
          const path = (args.path as string | undefined) ?? tracker.currentWidget?.context.path;
          panel = path === undefined ? null : await openNotebook(trans, app, tracker, path);
        } catch (reason) {
          announceFailure(trans, reason);
          return;
        }
        if (!panel) {
          if (files) {
            announceFailure(trans, new Error(trans.__('Open the notebook that is to use it, and choose this again.')));
          }
          return;
        }
        const { context } = panel;
        show(panel.node.querySelector('.valo-Run-options') ?? panel.toolbar.node, trans.__('Run remotely'), {
          files,
          load: async () => {
            // the parameters are read from the file: what was just typed belongs to it
            await context.save().catch(() => undefined);
            const [info, environments, draft] = await Promise.all([
              valo.api.notebook(context.path),
              valo.api.pool.environments(),
              valo.drafts.fetch(context.path)
            ]);
            return { info, environments: environments.results, draft };
          },
          // the command takes the last choices: no value stands in a command's arguments, which others may record
          run: draft =>
            void valo.drafts
              .save(context.path, draft)
              .then(() => commands.execute(CommandIDs.run, { path: context.path }))
        });
      }
    });

    commands.addCommand(CommandIDs.rerunForm, {
      label: trans.__('Run Again with Changes…'),
      caption: trans.__('The same code with other parameters, inputs, tags or environment'),
      describedBy: {
        args: {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'string', description: 'Identifier of the execution.' } }
        }
      },
      execute: args => {
        const id = String(args.id);
        let own = EMPTY;
        show(anchorOf(id), trans.__('Run again with changes'), {
          load: async () => {
            const [execution, environments] = await Promise.all([valo.api.execution(id), valo.api.pool.environments()]);
            own = draftOf(execution);
            return { info: infoOf(execution), environments: environments.results, draft: null, own };
          },
          run: (draft, info) =>
            void valo.api.copy(id, changesOf(draft, info, own)).then(
              execution => {
                valo.feed.push(execution);
                return commands.execute(CommandIDs.open, { id: execution.id });
              },
              reason => announceFailure(trans, reason)
            )
        });
      }
    });
    palette?.addItem({ command: CommandIDs.runForm, category: trans.__('Valo') });
  }
};

/** What shows the execution and can be seen; the button that has the focus when there is none. */
function anchorOf(id: string): Element {
  const shown = [...document.querySelectorAll(`[data-execution="${CSS.escape(id)}"]`)];
  const seen = shown.find(node => node.getClientRects().length > 0);
  return seen ?? document.activeElement ?? document.body;
}
