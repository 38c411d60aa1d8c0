/** Notebooks are run from the file browser, too, without opening them. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs } from '../tokens';
import { runIcon } from '../widgets/icons';

export const browserPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:browser',
  description: 'Run remotely, in the context menu of notebooks in the file browser.',
  autoStart: true,
  requires: [IFileBrowserFactory],
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, browsers: IFileBrowserFactory, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const selected = () =>
      [...(browsers.tracker.currentWidget?.selectedItems() ?? [])].filter(({ type }) => type === 'notebook');
    app.commands.addCommand(CommandIDs.runSelected, {
      label: () =>
        selected().length > 1 ? trans.__('Run %1 Notebooks Remotely', selected().length) : trans.__('Run Remotely'),
      caption: trans.__('Run the selected notebooks remotely with their last choices'),
      icon: runIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      isVisible: () => selected().length > 0,
      execute: async () => {
        for (const { path } of selected()) {
          await app.commands.execute(CommandIDs.run, { path });
        }
      }
    });
  }
};
