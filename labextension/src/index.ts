/** The plugins of the extension. */
import { commandsPlugin } from './plugins/commands';
import { dataPlugin } from './plugins/data';
import { detailPlugin } from './plugins/detail';
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
  formPlugin,
  toolbarPlugin,
  sidebarPlugin,
  detailPlugin,
  poolPlugin,
  dataPlugin,
  statusPlugin
];
