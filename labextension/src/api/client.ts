/** The Jupyter extension's routes and, proxied below `valo/api/`, the Valo server's. */
import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import { DataAPI } from './data';
import { ValoError } from './errors';
import type { IExecutionDiff } from './compareTypes';
import { ndjson } from './ndjson';
import { PoolAPI } from './pool';
import { query, request, requestJson } from './request';
import type {
  ExecutedNotebook,
  IDrift,
  IExecution,
  IExecutionChanges,
  IExecutionDetail,
  IExecutionList,
  IExecutionQuery,
  INotebookInfo,
  IProject,
  IRunAnswer,
  IRunProgress,
  IRunRequest,
  IServerStatus,
  IStreamPage,
  MetadataPoint,
  Value
} from './types';

const API = 'valo/api/v0';

export interface IStreamQuery {
  after?: number;
  limit?: number;
  wait?: number;
  tail?: number;
}

/** A cell as it stands in the editor. */
export interface IDriftCell {
  id: string;
  type: string;
  source: string;
}

export class ValoAPI {
  constructor(private _settings: ServerConnection.ISettings) {
    this.pool = new PoolAPI(_settings);
    this.data = new DataAPI(_settings);
  }

  /** Environments, engines and registries. */
  readonly pool: PoolAPI;

  /** Files, stores and datasets. */
  readonly data: DataAPI;

  status(): Promise<IServerStatus> {
    return this._json('valo/status');
  }

  async notebook(path: string): Promise<INotebookInfo> {
    const info = await this._json<INotebookInfo>(`valo/notebook${query({ path })}`);
    if (path.endsWith(info.path)) {
      this._folders.set(info.project.id, path.slice(0, path.length - info.path.length));
    }
    return info;
  }

  /** What Jupyter calls a notebook of a project, as far as one of the project's notebooks was seen. */
  pathOf(project: string, notebook: string): string {
    return `${this._folders.get(project) ?? ''}${notebook}`;
  }

  /** How cells differ from what each execution was made of. */
  drift(
    path: string,
    cells: IDriftCell[],
    executions: string[],
    signal?: AbortSignal
  ): Promise<Record<string, IDrift>> {
    const body = JSON.stringify({ path, cells, executions });
    return this._json('valo/drift', { method: 'POST', body, signal });
  }

  /** Snapshot and submit; `onProgress` hears of each stage. */
  async run(
    body: IRunRequest,
    onProgress: (progress: IRunProgress) => void,
    signal?: AbortSignal
  ): Promise<IRunAnswer> {
    const response = await request(this._settings, 'valo/run', {
      method: 'POST',
      headers: { Accept: 'application/x-ndjson', 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal
    });
    for await (const line of ndjson(response)) {
      const { progress, error, execution, snapshot } = line as {
        progress?: IRunProgress;
        error?: { code: string; message: string; details?: Record<string, unknown> };
        execution?: IExecution;
        snapshot?: Record<string, Value>;
      };
      if (error) {
        throw new ValoError(error.code, error.message, error.details ?? {}, 409);
      }
      if (execution) {
        return { execution, snapshot: snapshot ?? {} };
      }
      if (progress) {
        onProgress(progress);
      }
    }
    throw new ValoError(
      'interrupted',
      'The Jupyter server stopped answering before the notebook was submitted; press Run remotely again.'
    );
  }

  projects(): Promise<{ results: IProject[] }> {
    return this._json(`${API}/projects/`);
  }

  executions(options: IExecutionQuery, signal?: AbortSignal): Promise<IExecutionList> {
    return this._json(`${API}/executions/${query({ ...options })}`, { signal });
  }

  execution(id: string, signal?: AbortSignal): Promise<IExecutionDetail> {
    return this._json(`${API}/executions/${id}/${query({ exclude: 'metadata,events' })}`, { signal });
  }

  update(id: string, changes: { tags?: string[]; title?: string }): Promise<IExecutionDetail> {
    return this._json(`${API}/executions/${id}/`, { method: 'PATCH', body: JSON.stringify(changes) });
  }

  async stop(id: string): Promise<void> {
    await request(this._settings, `${API}/executions/${id}/stop/`, { method: 'POST', body: '{}' });
  }

  /** The same again, with changes. */
  copy(id: string, changes: IExecutionChanges = {}): Promise<IExecution> {
    return this._json(`${API}/executions/${id}/copy/`, { method: 'POST', body: JSON.stringify(changes) });
  }

  /** Only one that has ended. */
  async remove(id: string): Promise<void> {
    await request(this._settings, `${API}/executions/${id}/`, { method: 'DELETE' });
  }

  stream(id: string, options: IStreamQuery, signal?: AbortSignal): Promise<IStreamPage> {
    return this._json(`${API}/executions/${id}/stream/${query({ ...options })}`, { signal });
  }

  /** The notebook as it was submitted. */
  source(id: string, signal?: AbortSignal): Promise<ExecutedNotebook> {
    return this._json(`${API}/executions/${id}/source/`, { signal });
  }

  executedNotebook(id: string, signal?: AbortSignal): Promise<ExecutedNotebook> {
    return this._json(`${API}/executions/${id}/notebook/`, { signal });
  }

  /** Have the Jupyter server tell of these projects' executions, as events. */
  async watch(projects: readonly string[], signal?: AbortSignal): Promise<void> {
    await request(this._settings, `valo/watch${query({ project: projects })}`, { signal });
  }

  diff(id: string, other: string, signal?: AbortSignal): Promise<IExecutionDiff> {
    return this._json(`${API}/executions/${id}/diff/${query({ other })}`, { signal });
  }

  metadata(id: string, signal?: AbortSignal): Promise<{ results: MetadataPoint[] }> {
    return this._json(`${API}/executions/${id}/metadata/`, { signal });
  }

  /** Where the browser downloads an execution's code as a zip. */
  codeUrl(id: string): string {
    return URLExt.join(this._settings.baseUrl, `${API}/executions/${id}/code/`);
  }

  private _folders = new Map<string, string>();

  private _json<T>(path: string, init: RequestInit = {}): Promise<T> {
    return requestJson(this._settings, path, init);
  }
}
