/** The routes of environments, engines and registries, as `docs/developer/pool.md` has them. */
import type { ServerConnection } from '@jupyterlab/services';
import { query, request, requestJson } from './request';
import type { IAccount, IEnvironment, IExecution, IMachine, Value } from './types';

const API = 'valo/api/v0';

export type MachineState = 'starting' | 'idle' | 'busy' | 'draining';

export interface IPoolMachine {
  name: string;
  state: MachineState;
  since: string;
  /** When an idle one may be closed. */
  idle_until: string | null;
  execution: { id: string; counter: number; project: string | { id: string; name: string }; title: string } | null;
  hardware: IHardware | null;
}

/** What a machine is; `host`: as the settings of its environment name it. */
export type IHardware = IMachine & { host?: string };

/** How an environment was used from `time` on, until the next. */
export interface ISample {
  time: string;
  starting: number;
  idle: number;
  busy: number;
  waiting: number;
}

export type OptionType = 'string' | 'integer' | 'number' | 'flag' | 'text' | 'list' | 'object';

export interface IEngineOption {
  name: string;
  type: OptionType;
  title: string;
  help: string;
  required: boolean;
  secret: boolean;
  default: Value;
  choices: Value[] | null;
}

export interface IEngineKind {
  kind: string;
  title: string;
  description: string;
  /** `recorded`: against recorded answers of the provider only. */
  tested: 'here' | 'recorded';
  installed: boolean;
  install: string | null;
  options: IEngineOption[];
}

export type TrialStatus = 'wanted' | 'running' | 'passed' | 'failed';

export interface ITrialStep {
  name: string;
  ok: boolean;
  message: string;
  seconds: number | null;
}

export interface ITrial {
  id: string;
  status: TrialStatus;
  steps: ITrialStep[];
  hardware: IMachine | null;
}

export interface IRegistry {
  id: string;
  match: string;
  type: RegistryType;
  username: string;
  password: { set: boolean };
  owner: { id: number | string; username: string };
  ctime: string;
  mtime: string;
}

export type RegistryType = 'docker-hub' | 'azure' | 'ecr' | 'gcp' | 'generic';

export interface IRegistryTest {
  ok: boolean;
  message: string;
  image: string | null;
  digest: string | null;
}

/** What is written of an environment: the keys that change. */
export type EnvironmentChanges = Record<string, Value>;

export class PoolAPI {
  constructor(private _settings: ServerConnection.ISettings) {}

  me(): Promise<IAccount> {
    return this._get('users/me/');
  }

  environments(signal?: AbortSignal): Promise<{ results: IEnvironment[] }> {
    return this._get(`environments/${query({ limit: 9000, include: 'unfinished_job_count' })}`, signal);
  }

  environment(id: string, signal?: AbortSignal): Promise<IEnvironment> {
    return this._get(`environments/${id}/`, signal);
  }

  createEnvironment(body: EnvironmentChanges): Promise<IEnvironment> {
    return this._send('POST', 'environments/', body);
  }

  changeEnvironment(id: string, body: EnvironmentChanges): Promise<IEnvironment> {
    return this._send('PATCH', `environments/${id}/`, body);
  }

  /** `stop`: also when executions wait or run there. */
  async deleteEnvironment(id: string, stop: boolean): Promise<void> {
    await request(this._settings, `${API}/environments/${id}/${query({ stop: stop || undefined })}`, {
      method: 'DELETE'
    });
  }

  machines(id: string, signal?: AbortSignal): Promise<{ results: IPoolMachine[]; problem: string | null }> {
    return this._get(`environments/${id}/machines/`, signal);
  }

  history(id: string, minutes: number, signal?: AbortSignal): Promise<{ results: ISample[] }> {
    return this._get(`environments/${id}/history/${query({ minutes })}`, signal);
  }

  queue(id: string, limit: number, signal?: AbortSignal): Promise<{ results: IExecution[]; count: number }> {
    return this._get(`environments/${id}/queue/${query({ limit })}`, signal);
  }

  engines(): Promise<{ results: IEngineKind[] }> {
    return this._get('engines/');
  }

  /** Try an engine: of an environment, as saved or with other options, or of one that is not saved at all. */
  startTrial(id: string | null, body: EnvironmentChanges): Promise<ITrial> {
    return this._send('POST', id === null ? 'environments/test/' : `environments/${id}/test/`, body);
  }

  /** Answers when there are more steps than `seen`, or it has ended. */
  trial(id: string, seen: number, signal?: AbortSignal): Promise<ITrial> {
    return this._get(`environments/tests/${id}/?wait=20&after=${seen}`, signal);
  }

  registries(): Promise<{ results: IRegistry[] }> {
    return this._get('registries/');
  }

  createRegistry(body: EnvironmentChanges): Promise<IRegistry> {
    return this._send('POST', 'registries/', body);
  }

  changeRegistry(id: string, body: EnvironmentChanges): Promise<IRegistry> {
    return this._send('PATCH', `registries/${id}/`, body);
  }

  async deleteRegistry(id: string): Promise<void> {
    await request(this._settings, `${API}/registries/${id}/`, { method: 'DELETE' });
  }

  testRegistry(id: string, image: string): Promise<IRegistryTest> {
    return this._send('POST', `registries/${id}/test/`, image ? { image } : {});
  }

  private _get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return requestJson(this._settings, `${API}/${path}`, { signal });
  }

  private _send<T>(method: string, path: string, body: EnvironmentChanges): Promise<T> {
    return requestJson(this._settings, `${API}/${path}`, { method, body: JSON.stringify(body) });
  }
}
