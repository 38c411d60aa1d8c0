/** What the plugins share. */
import { Token } from '@lumino/coreutils';
import type { ValoAPI } from './api/client';
import type { ExecutionFeed } from './model/feed';
import type { Preferences } from './model/preferences';
import type { Projects } from './model/projects';
import type { Runs } from './model/run';
import type { ServerModel } from './model/server';

export interface IValo {
  readonly api: ValoAPI;
  readonly server: ServerModel;
  readonly feed: ExecutionFeed;
  readonly projects: Projects;
  readonly runs: Runs;
  readonly preferences: Preferences;
}

export const IValo = new Token<IValo>('valo-jupyter:IValo', 'The Valo server as the interface sees it.');

export namespace CommandIDs {
  export const run = 'valo:run-remotely';
  export const runForm = 'valo:run-with-options';
  export const open = 'valo:open-execution';
  export const stop = 'valo:stop-execution';
  export const rerun = 'valo:rerun-execution';
  export const browse = 'valo:show-executions';
}
