/** Cells tagged `remote-only` are skipped when a notebook is run in Lab. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookCellExecutor, runCell } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { Token } from '@lumino/coreutils';
import { CellExecutor } from '../model/executor';

const ID = 'valo-jupyter:cell-executor';
const LABS = '@jupyterlab/notebook-extension:cell-executor';
const SETTINGS = 'valo-jupyter:plugin';

export const executorPlugin: JupyterFrontEndPlugin<INotebookCellExecutor> = {
  id: ID,
  description: 'Skips cells tagged remote-only when a notebook is run in Lab.',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: INotebookCellExecutor,
  activate: async (app: JupyterFrontEnd, registry: ISettingRegistry | null): Promise<INotebookCellExecutor> => {
    let enabled = true;
    registry?.load(SETTINGS).then(
      settings => {
        const read = () => (enabled = settings.composite.skipRemoteOnly !== false);
        settings.changed.connect(read);
        read();
      },
      () => undefined // told where the settings are followed
    );
    return new CellExecutor((await another(app)) ?? { runCell }, () => enabled);
  }
};

interface IRegistered {
  id: string;
  provides?: Token<unknown> | null;
  service?: unknown;
}

/**
 * Another extension's executor, which ours stands in front of: of several providers of a token Lab knows the one that
 * was registered last, and has no public way to the others.
 */
async function another(app: JupyterFrontEnd): Promise<INotebookCellExecutor | null> {
  try {
    const { pluginRegistry } = app as unknown as { pluginRegistry?: { _plugins?: Map<string, IRegistered> } };
    const found = [...(pluginRegistry?._plugins?.values() ?? [])].find(
      ({ id, provides }) => provides === INotebookCellExecutor && id !== ID && id !== LABS
    );
    if (found) {
      await app.activatePlugin(found.id);
    }
    return (found?.service as INotebookCellExecutor | undefined) ?? null;
  } catch (reason) {
    console.warn('Cells are run by Lab itself: another extension’s executor could not be started.', reason);
    return null;
  }
}
