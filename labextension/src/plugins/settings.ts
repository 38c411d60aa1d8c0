/** Reads the user's settings; announces ends of executions as they wish. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { stateSentence } from '../components/state';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';

export const PLUGIN_ID = 'valo-jupyter:plugin';

export const settingsPlugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN_ID,
  description: 'Settings of Valo.',
  autoStart: true,
  requires: [IValo],
  optional: [ISettingRegistry, ITranslator],
  activate: (app: JupyterFrontEnd, valo: IValo, registry: ISettingRegistry | null, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    registry?.load(PLUGIN_ID).then(
      settings => valo.preferences.follow(settings),
      reason => console.error('The settings of Valo could not be read; the defaults hold.', reason)
    );
    valo.feed.ended.connect((_, execution) => {
      const { notify } = valo.preferences;
      const good = execution.status === 'complete';
      if (notify === 'none' || (good && notify === 'failures') || execution.status === 'stopped') {
        return;
      }
      const message = trans.__('#%1 %2: %3', execution.counter, execution.title, stateSentence(trans, execution));
      const { id, notebook, error } = execution;
      const failing = notebook && error?.code_cell;
      Notification.emit(message, good ? 'success' : 'error', {
        autoClose: good ? 5000 : false,
        actions: [
          ...(failing
            ? [
                {
                  label: trans.__('Go to cell'),
                  callback: () => void app.commands.execute(CommandIDs.goToCell, { id })
                }
              ]
            : []),
          {
            label: trans.__('Open'),
            callback: () => void app.commands.execute(CommandIDs.open, { id })
          }
        ]
      });
    });
  }
};
