/** Opens the pages of environments and registries, and again after a reload. */
import {
  ILabShell,
  ILabStatus,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager, type MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { DOMAIN } from '../components/trans';
import { CommandIDs, IValo } from '../tokens';
import { announceFailure } from '../widgets/failure';
import { environmentIcon } from '../widgets/icons';
import { PoolPage, type IPoolActions, type PoolPageKind } from '../widgets/poolPage';
import { UnsavedPanel } from '../widgets/unsaved';

export const poolPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:pool',
  description: 'The pages of environments and private registries.',
  autoStart: true,
  requires: [IValo, IRenderMimeRegistry],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, ILabShell, IThemeManager, ILabStatus],
  activate: (
    app: JupyterFrontEnd,
    valo: IValo,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    themes: IThemeManager | null,
    status: ILabStatus | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const { commands } = app;
    const pages = new WidgetTracker<MainAreaWidget<PoolPage>>({ namespace: 'valo-pool' });
    const renderers = { rendermime, themeChanged: themes?.themeChanged ?? null };

    const actions: IPoolActions = {
      openExecution: ({ id }) => void commands.execute(CommandIDs.open, { id }),
      stopExecution: async ({ id }) => {
        await commands.execute(CommandIDs.stop, { id });
      },
      openEnvironment: ({ id }) => void commands.execute(CommandIDs.environment, { id }),
      newEnvironment: () => void commands.execute(CommandIDs.newEnvironment),
      openRegistries: () => void commands.execute(CommandIDs.registries),
      failed: reason => announceFailure(trans, reason)
    };

    const open = async (kind: PoolPageKind, id = '') => {
      let page = pages.find(({ content }) => content.kind === kind && content.environmentId === id);
      if (!page) {
        page = new UnsavedPanel(new PoolPage({ kind, id, valo, trans, renderers, actions, status }), trans);
        page.id = ['valo', kind, id].filter(Boolean).join('-');
        page.title.icon = environmentIcon;
        page.title.closable = true;
        page.toolbar.hide();
        // Notebook 7 shows one document in its main area; the page stands beside it
        app.shell.add(page, labShell ? 'main' : 'right');
        await pages.add(page);
      }
      app.shell.activateById(page.id);
    };

    const nothing = { args: { type: 'object', properties: {} } };
    commands.addCommand(CommandIDs.environments, {
      label: trans.__('Open Environments'),
      caption: trans.__('Where executions run, and on how many machines'),
      describedBy: nothing,
      execute: () => open('environments')
    });
    commands.addCommand(CommandIDs.environment, {
      label: trans.__('Open Environment'),
      describedBy: {
        args: {
          type: 'object',
          required: ['id'],
          properties: { id: { type: 'string', description: 'Identifier of the environment.' } }
        }
      },
      execute: args => open('environment', String(args.id))
    });
    commands.addCommand(CommandIDs.newEnvironment, {
      label: trans.__('New Environment…'),
      describedBy: nothing,
      execute: () => open('new-environment')
    });
    commands.addCommand(CommandIDs.registries, {
      label: trans.__('Open Private Registries'),
      caption: trans.__('Credentials for images that need a login'),
      describedBy: nothing,
      execute: () => open('registries')
    });
    const category = trans.__('Valo');
    for (const command of [CommandIDs.environments, CommandIDs.newEnvironment, CommandIDs.registries]) {
      palette?.addItem({ command, category });
    }

    // what a reload opens again: one command for all the pages
    commands.addCommand(CommandIDs.page, {
      label: trans.__('Open Page'),
      describedBy: {
        args: {
          type: 'object',
          required: ['kind'],
          properties: {
            kind: { type: 'string', enum: ['environments', 'environment', 'new-environment', 'registries'] },
            id: { type: 'string', description: 'Identifier of the environment.' }
          }
        }
      },
      isVisible: () => false,
      execute: args => open(args.kind as PoolPageKind, String(args.id ?? ''))
    });
    void restorer?.restore(pages, {
      command: CommandIDs.page,
      args: ({ content }) => ({ kind: content.kind, id: content.environmentId }),
      name: ({ content }) => `${content.kind}:${content.environmentId}`
    });
  }
};
