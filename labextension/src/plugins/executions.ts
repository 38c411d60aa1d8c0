/** What can be done with executions, one or several, as commands. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IExecution } from '../api/types';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { askRemove } from '../widgets/confirmRemove';
import { announceFailure } from '../widgets/failure';
import { askTags } from '../widgets/tagDialog';

const ARGS = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Identifier of the execution.' },
    ids: { type: 'array', items: { type: 'string' }, description: 'Identifiers of several executions.' }
  }
};

function idsOf(args: ReadonlyPartialJSONObject): string[] {
  return (args.ids as string[] | undefined) ?? (args.id === undefined ? [] : [String(args.id)]);
}

export const executionsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:executions',
  description: 'Commands that stop, repeat, tag and delete executions.',
  autoStart: true,
  requires: [IValo],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, valo: IValo, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;

    /** One after the other; what fails is said once, and does not keep the others. */
    const each = async <T>(ids: readonly string[], act: (id: string) => Promise<T>): Promise<T[]> => {
      const done: T[] = [];
      let failed: unknown;
      for (const id of ids) {
        try {
          done.push(await act(id));
        } catch (reason) {
          failed ??= reason;
        }
      }
      if (failed) {
        announceFailure(trans, failed);
      }
      return done;
    };
    const told = <T extends IExecution>(execution: T): T => {
      valo.feed.push(execution);
      return execution;
    };

    commands.addCommand(CommandIDs.stop, {
      label: trans.__('Stop Execution'),
      describedBy: { args: ARGS },
      execute: async args => {
        await each(idsOf(args), async id => {
          await valo.api.stop(id);
          told(await valo.api.execution(id));
        });
      }
    });

    commands.addCommand(CommandIDs.rerun, {
      label: trans.__('Run Execution Again'),
      describedBy: { args: ARGS },
      execute: async args => {
        const copies = await each(idsOf(args), async id => told(await valo.api.copy(id)));
        if (copies.length === 1) {
          await commands.execute(CommandIDs.open, { id: copies[0].id });
        }
      }
    });

    commands.addCommand(CommandIDs.tag, {
      label: trans.__('Tag Executions…'),
      describedBy: { args: ARGS },
      execute: async args => {
        const executions = await each(idsOf(args), id => valo.api.execution(id));
        const tags = executions.length ? await askTags(trans, executions) : null;
        if (tags) {
          const before = new Map(executions.map(execution => [execution.id, execution.tags]));
          await each([...before.keys()], async id => {
            const kept = (before.get(id) ?? []).filter(tag => !tags.removed.includes(tag));
            told(await valo.api.update(id, { tags: [...new Set([...kept, ...tags.added])] }));
          });
        }
      }
    });

    commands.addCommand(CommandIDs.remove, {
      label: trans.__('Delete Executions…'),
      describedBy: { args: ARGS },
      execute: async args => {
        const executions = await each(idsOf(args), id => valo.api.execution(id));
        if (executions.length && (await askRemove(trans, executions))) {
          await each(
            executions.map(({ id }) => id),
            async id => {
              await valo.api.remove(id);
              valo.feed.drop(id);
            }
          );
        }
      }
    });
  }
};
