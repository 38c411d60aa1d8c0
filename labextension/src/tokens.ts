/** What the plugins share. */
import { Token } from '@lumino/coreutils';
import type { ValoAPI } from './api/client';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Account } from './model/account';
import type { Drafts } from './model/drafts';
import type { EnvironmentsModel } from './model/environments';
import type { ExecutionFeed } from './model/feed';
import type { NotebookMarks } from './model/marks';
import type { Preferences } from './model/preferences';
import type { Projects } from './model/projects';
import type { Runs } from './model/run';
import type { ServerModel } from './model/server';
import type { Uploads } from './model/uploads';

export interface IValo {
  readonly api: ValoAPI;
  readonly server: ServerModel;
  readonly feed: ExecutionFeed;
  readonly projects: Projects;
  readonly runs: Runs;
  readonly drafts: Drafts;
  readonly environments: EnvironmentsModel;
  readonly uploads: Uploads;
  readonly account: Account;
  readonly preferences: Preferences;
  /** The marks of an open notebook. */
  marks(panel: NotebookPanel): NotebookMarks;
}

export const IValo = new Token<IValo>('valo-jupyter:IValo', 'The Valo server as the interface sees it.');

export namespace CommandIDs {
  export const run = 'valo:run-remotely';
  export const runForm = 'valo:run-with-options';
  export const runSelected = 'valo:run-selected';
  export const open = 'valo:open-execution';
  export const stop = 'valo:stop-execution';
  export const rerun = 'valo:rerun-execution';
  export const rerunForm = 'valo:rerun-with-changes';
  export const tag = 'valo:tag-executions';
  export const remove = 'valo:delete-executions';
  export const compare = 'valo:compare';
  export const goToCell = 'valo:go-to-cell';
  export const browse = 'valo:show-executions';
  export const page = 'valo:open-page';
  export const environments = 'valo:open-environments';
  export const environment = 'valo:open-environment';
  export const newEnvironment = 'valo:new-environment';
  export const registries = 'valo:open-registries';
  export const data = 'valo:open-data';
  export const stores = 'valo:open-stores';
  export const datasets = 'valo:open-datasets';
  export const trace = 'valo:open-trace';
  export const dataPage = 'valo:open-data-page';
}
