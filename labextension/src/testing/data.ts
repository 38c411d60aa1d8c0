/** Files and stores as the server tells of them. */
import type { IDatum, IStore, IStoreKind } from '../api/dataTypes';

export function aDatum(name: string, changes: Partial<IDatum> = {}): IDatum {
  return {
    id: `d-${name}`,
    name,
    size: 1200,
    md5: null,
    sha1: null,
    sha256: null,
    uri: `valo://${name}`,
    store: null,
    wanted_store: null,
    origin: 'upload',
    version: null,
    metadata: {},
    tags: [],
    aliases: [],
    datasets: [],
    project: 'p1',
    creator: { id: 1, username: 'ana' },
    output_execution: null,
    ctime: '2026-01-01T10:00:00.000000',
    purged: false,
    ...changes
  };
}

export function aStore(name: string, changes: Partial<IStore> = {}): IStore {
  return {
    id: `s-${name}`,
    project: 'p1',
    name,
    type: 's3',
    options: { bucket: name },
    credentials: { access_key_id: { set: true } },
    url: `s3://${name}/`,
    default: false,
    installed: true,
    ctime: '2026-01-01T10:00:00.000000',
    mtime: '2026-01-01T10:00:00.000000',
    ...changes
  };
}

export const S3: IStoreKind = {
  type: 's3',
  title: 'AWS S3',
  description: 'A bucket.',
  scheme: 's3',
  installed: true,
  install: 'pip install "valo-jupyter[s3]"',
  options: [],
  credentials: []
};
