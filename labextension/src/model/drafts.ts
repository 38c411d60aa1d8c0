/** The last choices of each notebook: kept by its path, through renames, and gone with it; secrets only as long as the page lives. */
import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';
import type { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { EMPTY, type IDraft } from './draft';

/** Lab lists by what stands before the first colon. */
const NAMESPACE = 'valo-jupyter';
const PREFIX = `${NAMESPACE}:form:`;

export class Drafts {
  constructor(
    private _state: IStateDB | null,
    contents?: Pick<Contents.IManager, 'fileChanged'>
  ) {
    contents?.fileChanged.connect((_, { type, oldValue, newValue }) => {
      if (type === 'rename' && oldValue?.path && newValue?.path) {
        void this.move(oldValue.path, newValue.path);
      } else if (type === 'delete' && oldValue?.path) {
        void this.remove(oldValue.path);
      }
    });
  }

  /** The choices of a path are others. */
  readonly changed = new Signal<this, string>(this);

  /** What was chosen last; null: nothing yet. */
  async fetch(path: string): Promise<IDraft | null> {
    const known = this._known.get(path);
    if (known !== undefined) {
      return known;
    }
    const saved = (await this._state?.fetch(key(path))) as Partial<IDraft> | undefined;
    const draft = saved ? { ...EMPTY, ...saved } : null;
    this._known.set(path, draft);
    return draft;
  }

  async save(path: string, draft: IDraft): Promise<void> {
    this._known.set(path, draft);
    this.changed.emit(path);
    const variables = draft.variables.map(row => (row.secret ? { ...row, value: '' } : row));
    await this._state?.save(key(path), { ...draft, variables } as unknown as ReadonlyPartialJSONObject);
  }

  /** A notebook, or a folder of them, has another path. */
  async move(from: string, to: string): Promise<void> {
    for (const path of await this._within(from)) {
      const draft = await this.fetch(path);
      await this._forget(path);
      if (draft) {
        await this.save(PathExt.join(to, path.slice(from.length)), draft);
      }
    }
  }

  /** A notebook, or a folder of them, is gone: what takes its path is another one. */
  async remove(path: string): Promise<void> {
    for (const gone of await this._within(path)) {
      await this._forget(gone);
      this.changed.emit(gone);
    }
  }

  /** Of a notebook or a folder, each path that has choices. */
  private async _within(folder: string): Promise<string[]> {
    const saved = (await this._state?.list(NAMESPACE))?.ids ?? [];
    const kept = saved.filter(id => id.startsWith(PREFIX)).map(id => id.slice(PREFIX.length));
    const all = new Set([...this._known.keys(), ...kept]);
    return [...all].filter(path => path === folder || path.startsWith(`${folder}/`));
  }

  private async _forget(path: string): Promise<void> {
    this._known.delete(path);
    await this._state?.remove(key(path));
  }

  private _known = new Map<string, IDraft | null>();
}

function key(path: string): string {
  return `${PREFIX}${path}`;
}
