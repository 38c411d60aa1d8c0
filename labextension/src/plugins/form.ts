/** The form beside the run button; what was chosen for a notebook is there again the next time. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DOMAIN } from '../components/trans';
import { EMPTY, type IDraft } from '../model/draft';
import { CommandIDs, IValo } from '../tokens';
import { announceFailure } from '../widgets/failure';
import { FormWidget, type IFormOptions } from '../widgets/form';
import { Popover } from '../widgets/popover';

export const formPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:form',
  description: 'Run a notebook remotely with other parameters, inputs, tags or environment.',
  autoStart: true,
  requires: [IValo, INotebookTracker],
  optional: [ITranslator, ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const key = (path: string) => `valo-jupyter:form:${path}`;

    commands.addCommand(CommandIDs.runForm, {
      label: trans.__('Run Remotely with Options…'),
      caption: trans.__('Choose parameters, tags and environment, then run this notebook remotely'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: 'The open notebook to run; the one in front when left out.' },
            files: { type: 'array', description: 'Files to use as an input: address and name of each.' }
          }
        }
      },
      isEnabled: args => tracker.currentWidget !== null || args.files !== undefined,
      execute: args => {
        const panel =
          args.path === undefined ? tracker.currentWidget : tracker.find(({ context }) => context.path === args.path);
        const files = args.files as unknown as IFormOptions['files'];
        if (!panel) {
          if (files) {
            announceFailure(trans, new Error(trans.__('Open the notebook that is to use it, and choose this again.')));
          }
          return;
        }
        app.shell.activateById(panel.id);
        const { context } = panel;
        const form = new FormWidget({
          trans,
          valo,
          files,
          shortcut: CommandRegistry.formatKeystroke('Accel Enter'),
          load: async () => {
            // the parameters are read from the file: what was just typed belongs to it
            await context.save().catch(() => undefined);
            const [info, environments, draft] = await Promise.all([
              valo.api.notebook(context.path),
              valo.api.pool.environments(),
              state?.fetch(key(context.path))
            ]);
            return {
              info,
              environments: environments.results,
              draft: { ...EMPTY, ...(draft as Partial<IDraft> | undefined) }
            };
          },
          remember: draft => void state?.save(key(context.path), draft as unknown as ReadonlyPartialJSONObject),
          run: request => {
            popover.dispose();
            void commands.execute(CommandIDs.run, {
              ...(request as ReadonlyPartialJSONObject),
              path: context.path
            });
          }
        });
        const anchor = panel.node.querySelector('.valo-Run-options') ?? panel.toolbar.node;
        const popover = new Popover(form, anchor, trans.__('Run remotely'));
        popover.open();
      }
    });
    palette?.addItem({ command: CommandIDs.runForm, category: trans.__('Valo') });
  }
};
