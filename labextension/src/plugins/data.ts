/** Opens the pages of data, and again after a reload; uploads go on after one, too. */
import {
  ILabShell,
  ILabStatus,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager, type MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject, ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { ITraced } from '../api/dataTypes';
import { DOMAIN } from '../components/trans';
import type { IKeptUpload } from '../model/uploads';
import { CommandIDs, IValo } from '../tokens';
import { DataPage, type IDataActions, type DataPageKind, type IDataPlace } from '../widgets/dataPage';
import { announceFailure } from '../widgets/failure';
import { dataIcon } from '../widgets/icons';
import { saveUrl } from '../widgets/save';
import { UnsavedPanel } from '../widgets/unsaved';
import { renderersOf } from '../widgets/renderers';

const UPLOADS = 'valo-jupyter:uploads';
const nothing = { args: { type: 'object', properties: {} } };

export const dataPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:data',
  description: 'The pages of files, data stores, datasets and traces.',
  autoStart: true,
  requires: [IValo, IRenderMimeRegistry, NotebookPanel.IContentFactory, IEditorServices],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, ILabShell, IThemeManager, ILabStatus, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    rendermime: IRenderMimeRegistry,
    contentFactory: NotebookPanel.IContentFactory,
    editors: IEditorServices,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    themes: IThemeManager | null,
    status: ILabStatus | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const pages = new WidgetTracker<MainAreaWidget<DataPage>>({ namespace: 'valo-data' });
    const renderers = renderersOf(rendermime, contentFactory, editors, themes);
    const failed = (reason: unknown) => announceFailure(trans, reason);
    const asArgs = (value: object) => value as ReadonlyPartialJSONObject;

    const actions: IDataActions = {
      openExecution: ({ id }) => void commands.execute(CommandIDs.open, { id }),
      openData: (place = {}) => void commands.execute(CommandIDs.data, asArgs(place)),
      openStores: () => void commands.execute(CommandIDs.stores),
      openDatasets: open => void commands.execute(CommandIDs.datasets, { open }),
      openTrace: ({ type, id }) => void commands.execute(CommandIDs.trace, { type, id }),
      use: files => void commands.execute(CommandIDs.runForm, { files: files as unknown as ReadonlyPartialJSONValue }),
      download: ({ id, name }) =>
        void valo.api.data.downloadUrl(id).then(url => saveUrl(url, name.split('/').pop() ?? name), failed),
      failed
    };

    const open = async (kind: DataPageKind, place: IDataPlace, of?: ITraced) => {
      let page = pages.find(({ content }) => content.kind === kind && content.of?.id === of?.id);
      if (!page) {
        const content = new DataPage({ kind, of, place, valo, trans, renderers, actions, status });
        page = new UnsavedPanel(content, trans);
        page.id = ['valo', kind, of?.id].filter(Boolean).join('-');
        page.title.icon = dataIcon;
        page.title.closable = true;
        page.toolbar.hide();
        // Notebook 7 shows one document in its main area; the page stands beside it
        app.shell.add(page, labShell ? 'main' : 'right');
        await pages.add(page);
        const opened = page;
        // a reload shows the same again
        content.placeChanged.connect(() => void pages.save(opened));
      } else if (Object.keys(place).length > 0) {
        page.content.place = { ...page.content.place, ...place };
      }
      app.shell.activateById(page.id);
    };

    commands.addCommand(CommandIDs.data, {
      label: trans.__('Open Data'),
      caption: trans.__('Files that executions made and used, uploads, and what was adopted'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            open: { type: 'string', description: 'Identifier of the file to show.' },
            choice: { type: 'object', description: 'What of the files is listed.' }
          }
        }
      },
      execute: args => open('data', placeIn(args))
    });
    commands.addCommand(CommandIDs.stores, {
      label: trans.__('Open Data Stores'),
      caption: trans.__('Buckets and containers of the project'),
      describedBy: nothing,
      execute: () => open('stores', {})
    });
    commands.addCommand(CommandIDs.datasets, {
      label: trans.__('Open Datasets'),
      describedBy: {
        args: { type: 'object', properties: { open: { type: 'string', description: 'Name of the dataset to show.' } } }
      },
      execute: args => open('datasets', placeIn(args))
    });
    const traced = {
      type: { type: 'string', enum: ['datum', 'execution'], description: 'What is traced.' },
      id: { type: 'string', description: 'Its identifier.' }
    };
    commands.addCommand(CommandIDs.trace, {
      label: trans.__('Open Trace'),
      describedBy: { args: { type: 'object', required: ['type', 'id'], properties: traced } },
      execute: args => open('trace', {}, { type: args.type as ITraced['type'], id: String(args.id) })
    });
    const category = trans.__('Valo');
    for (const command of [CommandIDs.data, CommandIDs.stores, CommandIDs.datasets]) {
      palette?.addItem({ command, category });
    }

    // what a reload opens again: one command for all the pages
    commands.addCommand(CommandIDs.dataPage, {
      label: trans.__('Open Page of Data'),
      describedBy: {
        args: {
          type: 'object',
          required: ['kind'],
          properties: {
            kind: { type: 'string', enum: ['data', 'stores', 'datasets', 'trace'] },
            of: { type: 'object', properties: traced },
            place: { type: 'object', description: 'What of the page is shown.' }
          }
        }
      },
      isVisible: () => false,
      execute: args =>
        open(
          args.kind as DataPageKind,
          (args.place ?? {}) as IDataPlace,
          (args.of as unknown as ITraced | undefined) ?? undefined
        )
    });
    void restorer?.restore(pages, {
      command: CommandIDs.dataPage,
      args: ({ content: { kind, of, place } }) => asArgs({ kind, ...(of && { of }), place }),
      name: ({ content }) => [content.kind, content.of?.id].filter(Boolean).join(':')
    });

    const { uploads, server } = valo;
    const begin = () => {
      if (!server.reachable) {
        return;
      }
      server.stateChanged.disconnect(begin);
      void (state?.fetch(UPLOADS) ?? Promise.resolve(undefined)).then(kept => {
        uploads.keptChanged.connect(
          (_, items) => void state?.save(UPLOADS, items as unknown as ReadonlyPartialJSONValue)
        );
        void uploads.restore((kept as unknown as IKeptUpload[] | undefined) ?? []);
      });
    };
    server.stateChanged.connect(begin);
    begin();
  }
};

function placeIn({ open, choice }: ReadonlyPartialJSONObject): IDataPlace {
  return {
    ...(typeof open === 'string' && { open }),
    ...(choice !== undefined && { choice: choice as unknown as IDataPlace['choice'] })
  };
}
