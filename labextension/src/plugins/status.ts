/** How many executions are under way, in the status bar. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { StatusItem } from '../widgets/status';

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:status',
  description: 'Executions under way, in the status bar.',
  autoStart: true,
  requires: [IValo],
  optional: [IStatusBar, ITranslator],
  activate: (app: JupyterFrontEnd, valo: IValo, statusBar: IStatusBar | null, translator: ITranslator | null) => {
    statusBar?.registerStatusItem('valo-jupyter:status', {
      item: new StatusItem(
        valo,
        (translator ?? nullTranslator).load(DOMAIN),
        () => void app.commands.execute(CommandIDs.browse)
      ),
      align: 'left',
      rank: 50
    });
  }
};
