/** The routes of files, stores, datasets and uploads. */
import type { ServerConnection } from '@jupyterlab/services';
import type {
  IAdoption,
  IAlias,
  IAliasChange,
  IDataList,
  IDataQuery,
  IDataset,
  IDatasetVersion,
  IDatum,
  IStore,
  IStoreKind,
  IStoreTest,
  ITrace,
  ITraced,
  IUpload,
  IUploadRequest
} from './dataTypes';
import { query, request, requestJson } from './request';
import type { Value } from './types';

const API = 'valo/api/v0';

type Changes = Record<string, Value>;

export class DataAPI {
  constructor(private _settings: ServerConnection.ISettings) {}

  list(options: IDataQuery, signal?: AbortSignal): Promise<IDataList> {
    return this._get(`data/${query({ ...options })}`, signal);
  }

  datum(id: string, signal?: AbortSignal): Promise<IDatum> {
    return this._get(`data/${id}/`, signal);
  }

  change(id: string, changes: { tags?: string[]; aliases?: string[]; name?: string }): Promise<IDatum> {
    return this._send('PATCH', `data/${id}/`, changes);
  }

  /** An address of the content that needs no token, for a while. */
  async downloadUrl(id: string): Promise<string> {
    return (await this._get<{ url: string }>(`data/${id}/download/`)).url;
  }

  /** An address that gives several files as one zip. */
  async archiveUrl(what: { data: string[] } | { execution: string } | { dataset_version: string }): Promise<string> {
    return (await this._send<{ url: string }>('POST', 'data/archive/', what)).url;
  }

  /** The content by way of the server, `end` excluded; of a whole file only the beginning. */
  content(id: string, range: { start: number; end: number } | null, signal?: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {};
    return request(this._settings, `${API}/data/${id}/content/`, { headers, signal });
  }

  /** `force`: also while an execution waits for it. */
  async purge(id: string, force: boolean): Promise<void> {
    await this._empty('POST', `data/${id}/purge/`, force ? { force } : {});
  }

  trace({ type, id }: ITraced, options: { direction: string; depth: number }, signal?: AbortSignal): Promise<ITrace> {
    const kind = type === 'datum' ? 'data' : 'executions';
    return this._get(`${kind}/${id}/trace/${query(options)}`, signal);
  }

  aliases(project: string, signal?: AbortSignal): Promise<{ results: IAlias[] }> {
    return this._get(`datum-aliases/${query({ project, limit: 1000 })}`, signal);
  }

  aliasHistory(id: string): Promise<{ results: IAliasChange[] }> {
    return this._get(`datum-aliases/${id}/history/`);
  }

  storeKinds(): Promise<{ results: IStoreKind[] }> {
    return this._get('store-types/');
  }

  stores(project: string, signal?: AbortSignal): Promise<{ results: IStore[] }> {
    return this._get(`stores/${query({ project })}`, signal);
  }

  createStore(body: Changes): Promise<IStore> {
    return this._send('POST', 'stores/', body);
  }

  changeStore(id: string, body: Changes): Promise<IStore> {
    return this._send('PATCH', `stores/${id}/`, body);
  }

  async deleteStore(id: string): Promise<void> {
    await this._empty('DELETE', `stores/${id}/`);
  }

  /** Of settings that are not saved, when `id` is null. */
  testStore(id: string | null, body: Changes): Promise<IStoreTest> {
    return this._send('POST', id === null ? 'stores/test/' : `stores/${id}/test/`, body);
  }

  /** Null: the built-in store. */
  async setDefaultStore(project: string, store: string | null): Promise<void> {
    await this._empty('PATCH', `projects/${project}/`, { default_store: store });
  }

  adopt(store: string, body: { project: string; urls: string[]; tags: string[] }): Promise<IAdoption> {
    return this._send('POST', `stores/${store}/adopt/`, body);
  }

  datasets(project: string, signal?: AbortSignal): Promise<{ results: IDataset[] }> {
    return this._get(`datasets/${query({ project })}`, signal);
  }

  datasetVersion(id: string, signal?: AbortSignal): Promise<IDatasetVersion> {
    return this._get(`dataset-versions/${id}/`, signal);
  }

  createDataset(body: { project: string; name: string }): Promise<IDataset> {
    return this._send('POST', 'datasets/', body);
  }

  createDatasetVersion(body: {
    project: string;
    dataset: string;
    name: string;
    files: { datum: string }[];
  }): Promise<IDatasetVersion> {
    return this._send('POST', 'dataset-versions/', body);
  }

  async deleteDatasetVersion(id: string): Promise<void> {
    await this._empty('DELETE', `dataset-versions/${id}/`);
  }

  createUpload(body: IUploadRequest): Promise<IUpload> {
    return this._send('POST', 'uploads/', { ...body });
  }

  upload(id: string, signal?: AbortSignal): Promise<IUpload> {
    return this._get(`uploads/${id}/`, signal);
  }

  /** A part from byte `start` on. A file without a byte has one empty part. */
  sendPart(
    id: string,
    part: Blob,
    start: number,
    total: number,
    signal?: AbortSignal
  ): Promise<Pick<IUpload, 'received' | 'datum'>> {
    const place = part.size ? `${start}-${start + part.size - 1}` : '*';
    return requestJson(this._settings, `${API}/uploads/${id}/`, {
      method: 'PUT',
      headers: { 'Content-Range': `bytes ${place}/${total}`, 'Content-Type': 'application/octet-stream' },
      body: part,
      signal
    });
  }

  async deleteUpload(id: string): Promise<void> {
    await this._empty('DELETE', `uploads/${id}/`);
  }

  /** Bring to their store what could not be brought there when the execution ended. */
  bringToStore(execution: string): Promise<{ moved: number; left: number; problem: string | null }> {
    return this._send('POST', `executions/${execution}/upload/`, {});
  }

  private _get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return requestJson(this._settings, `${API}/${path}`, { signal });
  }

  private _send<T>(method: string, path: string, body: object): Promise<T> {
    return requestJson(this._settings, `${API}/${path}`, { method, body: JSON.stringify(body) });
  }

  private async _empty(method: string, path: string, body?: object): Promise<void> {
    await request(this._settings, `${API}/${path}`, { method, body: body && JSON.stringify(body) });
  }
}
