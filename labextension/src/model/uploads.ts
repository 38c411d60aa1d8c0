/** Files on their way from the browser: by parts, a few at a time, and further after a pause, a failure or a reload. */
import { Signal } from '@lumino/signaling';
import type { DataAPI } from '../api/data';
import type { IDatum } from '../api/dataTypes';
import { asError, isAborted, type ValoError } from '../api/errors';
import { Model } from './model';

/** Files at once. */
const WIDE = 2;
/** A part that fails is sent again so often, each time after twice as long. */
const TRIES = 5;
const PAUSE = 1_000;

/** `lost`: the page was loaded anew, and the browser does not give the file again by itself. */
export type UploadState = 'waiting' | 'sending' | 'failed' | 'lost' | 'done';

/** What a reload keeps of an upload. */
export interface IKeptUpload {
  id: string;
  name: string;
  size: number;
  /** When the file was last changed: another time is another file. */
  modified: number;
  project: string;
}

export interface IUploadItem {
  /** Of this list; the server's id comes with the first answer. */
  readonly key: number;
  readonly name: string;
  readonly size: number;
  readonly project: string;
  readonly state: UploadState;
  readonly received: number;
  readonly error: ValoError | null;
  readonly datum: IDatum | null;
}

interface IItem extends IUploadItem {
  id: string | null;
  modified: number;
  file: File | null;
  abort: AbortController;
  state: UploadState;
  received: number;
  error: ValoError | null;
  datum: IDatum | null;
}

export class Uploads extends Model {
  constructor(
    private _api: DataAPI,
    private _pause = PAUSE
  ) {
    super();
  }

  /** A file has arrived. */
  readonly arrived = new Signal<this, IDatum>(this);

  /** What a reload would have to know is another. */
  readonly keptChanged = new Signal<this, IKeptUpload[]>(this);

  get items(): readonly IUploadItem[] {
    return this._items;
  }

  get sending(): number {
    return this._items.filter(({ state }) => state === 'sending' || state === 'waiting').length;
  }

  /** Upload files; one that an unfinished upload was of goes on with it. */
  add(project: string, files: readonly { file: File; name: string }[]): void {
    for (const { file, name } of files) {
      const known = this._items.find(
        item =>
          (item.state === 'lost' || item.state === 'failed') &&
          item.project === project &&
          item.name === name &&
          isSame(item, file)
      );
      if (known) {
        this._wake(known, file);
      } else {
        this._items = [
          ...this._items,
          this._item({ name, size: file.size, modified: file.lastModified, project }, file)
        ];
      }
    }
    this._next();
  }

  /** Whether the file is the one that the upload was begun with, and if so: go on. */
  resume(key: number, file?: File): boolean {
    const item = this._find(key);
    const source = file ?? item?.file;
    if (!item || !source || !isSame(item, source)) {
      return false;
    }
    this._wake(item, source);
    this._next();
    return true;
  }

  /** Give one up; what the server has of it goes, too. */
  async cancel(key: number): Promise<void> {
    const item = this._find(key);
    if (!item) {
      return;
    }
    item.abort.abort();
    this._items = this._items.filter(other => other !== item);
    this._keep();
    this._next();
    if (item.id !== null && item.state !== 'done') {
      // what cannot be told now is forgotten by the server after a week
      await this._api.deleteUpload(item.id).catch(() => undefined);
    }
  }

  /** Take those that have arrived off the list. */
  clear(): void {
    this._items = this._items.filter(({ state }) => state !== 'done');
    this.changed();
  }

  /** What was under way before the page was loaded anew; what the server no longer has is left out. */
  async restore(kept: readonly IKeptUpload[]): Promise<void> {
    for (const { id, ...rest } of kept) {
      try {
        const { received, datum } = await this._api.upload(id);
        if (!datum && !this._items.some(item => item.id === id)) {
          this._items = [{ ...this._item(rest, null), id, received, state: 'lost' }, ...this._items];
        }
      } catch (reason) {
        if (asError(reason).unreachable) {
          this._items = [{ ...this._item(rest, null), id, state: 'lost' }, ...this._items];
        }
      }
    }
    this._keep();
  }

  dispose(): void {
    this._items.forEach(({ abort }) => abort.abort());
    super.dispose();
  }

  private _item(of: Omit<IKeptUpload, 'id'>, file: File | null): IItem {
    this._count += 1;
    return {
      ...of,
      key: this._count,
      id: null,
      file,
      abort: new AbortController(),
      state: 'waiting',
      received: 0,
      error: null,
      datum: null
    };
  }

  private _find(key: number): IItem | undefined {
    return this._items.find(item => item.key === key);
  }

  private _wake(item: IItem, file: File): void {
    Object.assign(item, { file, state: 'waiting', error: null, abort: new AbortController() });
  }

  private _next(): void {
    const free = WIDE - this._items.filter(({ state }) => state === 'sending').length;
    const waiting = this._items.filter(({ state }) => state === 'waiting').slice(0, Math.max(0, free));
    waiting.forEach(item => void this._send(item));
    this.changed();
  }

  private async _send(item: IItem): Promise<void> {
    item.state = 'sending';
    const { signal } = item.abort;
    try {
      item.datum = await this._parts(item, signal);
      item.state = 'done';
      item.received = item.size;
      this.arrived.emit(item.datum);
    } catch (reason) {
      if (signal.aborted || isAborted(reason)) {
        return;
      }
      item.state = 'failed';
      item.error = asError(reason);
    }
    this._keep();
    this._next();
  }

  private async _parts(item: IItem, signal: AbortSignal): Promise<IDatum> {
    const { name, size, project } = item;
    const file = item.file as File;
    const begun =
      item.id === null
        ? await this._api.createUpload({ project, name, size })
        : await this._api.upload(item.id, signal);
    if (signal.aborted) {
      // given up before it had a name to be given up by
      void this._api.deleteUpload(begun.id).catch(() => undefined);
      throw new DOMException('given up', 'AbortError');
    }
    item.id = begun.id;
    item.received = begun.received;
    this._keep();
    let { datum } = begun;
    while (!datum) {
      const start = item.received;
      const part = file.slice(start, Math.min(size, start + begun.part_size));
      const answer = await this._persist(() => this._api.sendPart(begun.id, part, start, size, signal), signal);
      datum = answer.datum;
      if (!datum && answer.received <= start) {
        throw new Error(`The server has ${answer.received} of ${size} bytes and takes no more; upload the file again.`);
      }
      item.received = answer.received;
      this.changed();
    }
    return datum;
  }

  /** Again and again while nobody answers, or the server has trouble of its own. */
  private async _persist<T>(send: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await send();
      } catch (reason) {
        const { unreachable, status } = asError(reason);
        if (isAborted(reason) || signal.aborted || tries === TRIES || !(unreachable || status >= 500)) {
          throw reason;
        }
        await new Promise(resolve => setTimeout(resolve, this._pause * 2 ** (tries - 1)));
      }
    }
  }

  private _keep(): void {
    const open = this._items.filter(({ id, state }) => id !== null && state !== 'done');
    this.keptChanged.emit(
      open.map(({ id, name, size, modified, project }) => ({ id: id as string, name, size, modified, project }))
    );
    this.changed();
  }

  private _count = 0;
  private _items: IItem[] = [];
}

function isSame(item: { size: number; modified: number }, file: File): boolean {
  return item.size === file.size && item.modified === file.lastModified;
}
