/** The wire of `docs/developer/wire.md` and Valohai's `/api/v0/`, as far as the interface reads it. */
import type { INotebookContent, IOutput } from '@jupyterlab/nbformat';

export type Status = 'created' | 'queued' | 'started' | 'stopping' | 'complete' | 'error' | 'crashed' | 'stopped';

export const ENDED: ReadonlySet<Status> = new Set<Status>(['complete', 'error', 'crashed', 'stopped']);

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };

export interface IProgress {
  cell: number;
  code: number;
  of: number;
  fraction: number;
}

export interface IMetric {
  name: string;
  value: number | string;
  values: (number | string)[];
}

export interface IMachine {
  hostname?: string;
  os?: string;
  python?: string;
  cpu_model?: string;
  cpu_count?: number;
  memory_bytes?: number;
  gpus?: string[];
  /** What kind of engine made it: `local`, `ssh`, … */
  kind?: string;
  place?: 'on-prem' | 'cloud';
  region?: string | null;
  provider?: string | null;
  containers?: { engine: string; rootless: boolean } | null;
}

export interface IGit {
  head: string | null;
  branch: string | null;
  remote: string | null;
  dirty: { path: string; status: string }[];
  /** The difference from HEAD, as git writes it. */
  patch?: string | null;
}

export interface IInputFile {
  name: string;
  uri?: string;
  size?: number;
  sha256?: string;
  datum?: string | null;
  warning?: string | null;
}

export interface IInput {
  name: string;
  urls: string[];
  files: IInputFile[];
}

export interface IExecutionError {
  /** Place in the notebook as it ran, from 0; what is stored of a failed one has notes about the error besides. */
  cell?: number;
  /** Number among the code cells, from 1. */
  code_cell?: number;
  ename?: string;
  evalue?: string;
  traceback?: string;
}

export interface IExecution {
  id: string;
  url: string;
  counter: number;
  status: Status;
  status_detail: string | null;
  queue_position: number | null;
  title: string;
  step: string | null;
  image: string | null;
  /** What the image was when it was pulled: `name@sha256:…` */
  image_digest?: string | null;
  /** What it asks of its machine over what the environment gives. */
  resources?: IResources | null;
  commit: { identifier: string; adhoc: boolean; url: string | null };
  project: { id: string; name: string };
  environment: { id: string; name: string; slug: string };
  creator: { id: number | string; username: string };
  ctime: string;
  started: string | null;
  ended: string | null;
  duration: number | null;
  cost: number | null;
  attempt: number;
  notebook: { path: string } | null;
  progress: IProgress | null;
  error: IExecutionError | null;
  parameters: Record<string, Value>;
  inputs: IInput[];
  environment_variables: Record<string, { value: string | null; secret: boolean }>;
  tags: string[];
  git: IGit | null;
  machine: IMachine | null;
  seconds: Record<string, number> | null;
  metric: IMetric | null;
  revision: number;
}

export interface IOutputFile {
  id: string;
  name: string;
  size: number;
  uri: string;
  tags: string[];
  purged: boolean;
  /** Where it was meant to go, and could not be brought yet. */
  wanted_store?: { id: string; name: string; type: string } | null;
}

/** What only a single execution's JSON holds; lists leave it out. */
export interface IExecutionDetail extends IExecution {
  attempts: {
    number: number;
    status: string;
    reason: string | null;
    machine: IMachine | null;
    started: string | null;
    ended: string | null;
  }[];
  outputs: IOutputFile[];
  capture: { python?: string; packages?: Record<string, string>; kernel?: string; warm?: boolean } | null;
  left_out: { path: string; rule: string; size?: number | null }[];
  cumulative_metadata: Record<string, Value>;
}

export interface IProject {
  id: string;
  name: string;
  ctime?: string;
  /** Where files go that name no store; null: the built-in one. */
  default_store?: string | null;
}

export interface IExecutionList {
  results: IExecution[];
  /** How many match in all; null unless `count` was asked for. */
  count: number | null;
  revision: number;
}

/** The questions a list of executions answers. */
export interface IExecutionQuery {
  project: string;
  /** Any of these paths. */
  notebook?: string[];
  search?: string;
  status?: Status[];
  creator?: string;
  limit?: number;
  offset?: number;
  changed_after?: number;
  wait?: number;
  count?: boolean;
}

/** One object that an execution printed, with its time. */
export type MetadataPoint = Record<string, Value> & { time: string; seq: number };

export type LogStream = 'stdout' | 'stderr' | 'status';

interface IEventBase {
  seq: number;
  n?: number;
  t: string;
  a?: number;
}

export type StreamEvent = IEventBase &
  (
    | { k: 'log'; s: LogStream; text: string; cell?: number }
    | {
        k: 'cell';
        cell: number;
        code: number;
        of: number;
        state: CellState;
        seconds?: number;
        peak_memory_bytes?: number | null;
        why?: string;
      }
    | { k: 'metadata'; values: Record<string, Value> }
    | { k: 'display'; cell: number; op: string; output: IOutput | null; omitted?: number }
    | { k: 'progress'; what: string; name: string; done: number; total: number }
    | { k: 'output'; name: string; size: number; datum: string }
    | { k: 'input'; input: string; name: string; uri: string; warning?: string | null }
    | { k: 'status'; status: Status; reason: string | null; attempt: number }
  );

export type CellState = 'started' | 'done' | 'error' | 'skipped';

export interface IStreamPage {
  events: StreamEvent[];
  last: number;
  status: Status;
  done: boolean;
}

export interface IServerStatus {
  state: 'running' | 'starting' | 'unreachable';
  url: string | null;
  version: string | null;
  mode: 'local' | 'team';
  message: string | null;
}

export interface IParameter {
  name: string;
  /** `any`: the notebook does not say, its default is None or is computed; text is read as it looks. */
  type: 'string' | 'integer' | 'float' | 'flag' | 'json' | 'any';
  default: Value;
  optional: boolean;
  help?: string;
  choices?: Value[];
}

export interface INotebookInfo {
  project: { id: string; name: string };
  folder: string;
  /** The notebook's path in the project. */
  path: string;
  parameters: IParameter[];
  inputs: { name: string; default: string[] }[];
  kernel: string | null;
  problems: string[];
  /** Where it stands and stood, latest first. */
  places?: IPlace[];
  /** The Jupyter server's path of the notebook that it is a copy of. */
  copy_of?: string | null;
}

/** A path of a notebook in a project, and from when until when it was the notebook's. */
export interface IPlace {
  project: { id: string; name: string };
  path: string;
  since: string | null;
  until: string | null;
}

/** How a notebook differs from what an execution was made of. */
export interface IDrift {
  changed: number;
  /** `was`: place of the submitted cell that it came from. */
  cells: { id: string; index: number; state: 'changed' | 'added'; was: number | null }[];
  removed: number;
  error: string | null;
}

export interface IResources {
  cpu?: number | null;
  memory_bytes?: number | null;
  pids?: number | null;
  shm_bytes?: number | null;
  /** -1: all. */
  gpus?: number | null;
}

/** How an environment runs images. */
export interface IContainerSettings extends IResources {
  mode: 'auto' | 'always' | 'never';
  profile: 'default' | 'strict';
  network: 'bridge' | 'none';
}

export interface IEnvironment {
  id: string;
  name: string;
  slug: string;
  description: string;
  hardware: string;
  engine: string;
  /** A secret one is shown as `{"set": true}`. */
  options: Record<string, Value>;
  enabled: boolean;
  default: boolean;
  min_scale: number;
  max_scale: number;
  scale_down_grace_minutes: number;
  per_user_quota: number;
  team_quotas: Record<string, number>;
  allow_personal_usage: boolean;
  per_hour_price_usd: number | null;
  gpu_spec: string | null;
  image: string | null;
  containers: IContainerSettings;
  /** How often an execution is started again whose machine was lost. */
  requeue?: number;
  /** Why no machine can be had. */
  problem: string | null;
  unfinished_job_count: number;
  queue: { created: number; queued: number; running: number };
  machines: { starting: number; idle: number; busy: number; draining: number };
  cost: { running: number; day: number };
  ctime: string;
}

/** Who the requests are made for. */
export interface IAccount {
  id: number | string;
  username: string;
  is_admin: boolean;
}

export interface IRunRequest {
  path: string;
  parameters?: Record<string, Value>;
  inputs?: Record<string, string[]>;
  tags?: string[];
  title?: string;
  environment?: string;
  image?: string;
  resources?: IResources;
  environment_variables?: Record<string, string>;
  secret_environment_variables?: Record<string, string>;
  /** Seconds. */
  time_limit?: number;
  include?: 'folder' | 'notebook';
  accept?: string[];
  /** Findings of the secret guard that are none, by their fingerprints. */
  accept_findings?: string[];
}

/** Of an execution that is made again; what is left out stays. */
export interface IExecutionChanges extends Omit<IRunRequest, 'path' | 'environment_variables'> {
  /** Null takes one away. */
  environment_variables?: Record<string, string | null>;
}

export interface IRunProgress {
  stage: string;
  files?: number | null;
  bytes?: number | null;
  total_files?: number | null;
  total_bytes?: number | null;
}

export interface IRunAnswer {
  execution: IExecution;
  snapshot: Record<string, Value>;
}

/** The details of a `confirm_snapshot` refusal. */
export interface ISnapshotQuestion {
  reason: 'home' | 'large';
  folder: string;
  files: number;
  bytes: number;
  largest: { path: string; files: number; bytes: number }[];
  options: ('notebook' | 'folder')[];
}

/** One value that looks like a key or a token, of a `secrets_found` refusal. */
export interface IFinding {
  /** Its fingerprint. */
  id: string;
  kind: string;
  where: 'cell' | 'output' | 'parameter' | 'variable' | 'file';
  name: string | null;
  /** Place of the cell in the notebook, from 0. */
  cell: number | null;
  line: number | null;
  /** Its first letters. */
  shown: string;
}

export type ExecutedNotebook = INotebookContent;
