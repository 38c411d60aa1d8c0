/** Files, stores, datasets and traces on the wire, as `docs/developer/data.md` has them. */
import type { IEngineOption } from './pool';
import type { Status, Value } from './types';

export type Origin = 'output' | 'input' | 'upload' | 'adopted';

export interface IStoreName {
  id: string;
  name: string;
  type: string;
}

export interface IDatum {
  id: string;
  name: string;
  size: number;
  md5: string | null;
  sha1: string | null;
  sha256: string | null;
  uri: string;
  /** Null: the built-in store, or a web address. */
  store: IStoreName | null;
  /** Where it was meant to go, and could not be brought yet. */
  wanted_store: IStoreName | null;
  origin: Origin;
  version: string | null;
  metadata: Record<string, Value>;
  tags: string[];
  aliases: string[];
  datasets: { dataset: string; version: string; name: string }[];
  project: string;
  creator: { id: number | string; username: string } | null;
  output_execution: { id: string; counter: number } | null;
  ctime: string;
  purged: boolean;
}

export type DataOrdering = '-ctime' | 'ctime' | 'name' | '-name' | 'size' | '-size';

/** What a list of files is asked for. */
export interface IDataFilter {
  project: string;
  search?: string;
  tag?: string[];
  alias?: string;
  /** Id or name; `built-in`. */
  store?: string;
  origin?: Origin;
  /** Made or used by. */
  execution?: string;
  purged?: boolean;
  ordering?: DataOrdering;
}

export interface IDataQuery extends IDataFilter {
  limit?: number;
  offset?: number;
  /** Only what comes after this one, newest first. */
  before?: string;
  count?: boolean;
}

export interface IDataList {
  results: IDatum[];
  /** Null unless asked for. */
  count: number | null;
}

export interface IAlias {
  id: string;
  name: string;
  project: string;
  datum: IDatum | null;
  ctime: string;
  mtime: string;
}

export interface IAliasChange {
  datum: { id: string; name: string } | null;
  user: { id: number | string; username: string } | null;
  execution: { id: string; counter: number } | null;
  time: string;
}

export interface IStoreKind {
  type: string;
  title: string;
  description: string;
  scheme: string;
  installed: boolean;
  install: string;
  options: IEngineOption[];
  credentials: IEngineOption[];
}

export interface IStore {
  id: string;
  project: string;
  name: string;
  type: string;
  options: Record<string, Value>;
  credentials: Record<string, { set: boolean }>;
  /** What its addresses begin with. */
  url: string;
  default: boolean;
  installed: boolean;
  ctime: string;
  mtime: string;
}

export interface IStoreTest {
  ok: boolean;
  steps: { name: string; ok: boolean; message: string }[];
}

export interface IAdoption {
  ok: boolean;
  /** Id of a file, by address. */
  created: Record<string, string>;
  existing: Record<string, string>;
  errors: { url: string; message: string; code: string }[];
}

export interface IDatasetVersion {
  id: string;
  dataset: { id: string; name: string };
  name: string;
  uri: string;
  count: number;
  size: number;
  /** False while the execution that makes it still runs. */
  sealed: boolean;
  files?: { datum: string; name: string; size?: number; purged?: boolean }[];
  creator: { id: number | string; username: string } | null;
  execution: { id: string; counter: number } | null;
  ctime: string;
}

export interface IDataset {
  id: string;
  name: string;
  project: string;
  description: string;
  versions: IDatasetVersion[];
  ctime: string;
}

export interface IUpload {
  id: string;
  received: number;
  part_size: number;
  datum: IDatum | null;
}

export interface IUploadRequest {
  project: string;
  name: string;
  size: number;
  store?: string;
  tags?: string[];
}

export type TraceType = 'datum' | 'execution' | 'commit' | 'dataset';

export interface ITraceNode {
  id: string;
  type: TraceType;
  name: string;
  size?: number;
  purged?: boolean;
  counter?: number;
  status?: Status;
}

export interface ITrace {
  nodes: ITraceNode[];
  edges: { from: string; to: string; type: string; name?: string }[];
  truncated?: boolean;
}

/** What is traced: a file or an execution. */
export interface ITraced {
  type: 'datum' | 'execution';
  id: string;
}
