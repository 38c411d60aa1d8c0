/** The plugins of the extension. */
import { browserPlugin } from './plugins/browser';
import { cardsPlugin } from './plugins/cards';
import { cellsPlugin } from './plugins/cells';
import { commandsPlugin } from './plugins/commands';
import { comparePlugin } from './plugins/compare';
import { dataPlugin } from './plugins/data';
import { detailPlugin } from './plugins/detail';
import { executionsPlugin } from './plugins/executions';
import { executorPlugin } from './plugins/executor';
import { formPlugin } from './plugins/form';
import { poolPlugin } from './plugins/pool';
import { servicePlugin } from './plugins/service';
import { settingsPlugin } from './plugins/settings';
import { sidebarPlugin } from './plugins/sidebar';
import { statusPlugin } from './plugins/status';
import { toolbarPlugin } from './plugins/toolbar';

export default [
  servicePlugin,
  settingsPlugin,
  commandsPlugin,
  browserPlugin,
  cellsPlugin,
  executorPlugin,
  executionsPlugin,
  formPlugin,
  toolbarPlugin,
  sidebarPlugin,
  detailPlugin,
  poolPlugin,
  dataPlugin,
  statusPlugin,
  cardsPlugin,
  comparePlugin
];
