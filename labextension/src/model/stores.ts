/** The stores of a project. */
import type { DataAPI } from '../api/data';
import type { IStore, IStoreKind } from '../api/dataTypes';
import { asError, type ValoError } from '../api/errors';
import type { Value } from '../api/types';
import { Model } from './model';

export class StoresModel extends Model {
  constructor(private _api: DataAPI) {
    super();
  }

  get project(): string | null {
    return this._project;
  }

  /** The default one first, then by name. */
  get stores(): readonly IStore[] {
    return this._stores;
  }

  /** What kinds there are; empty until they are known. */
  get kinds(): readonly IStoreKind[] {
    return this._kinds;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  get error(): ValoError | null {
    return this._error;
  }

  async setProject(project: string | null): Promise<void> {
    if (project !== this._project) {
      this._project = project;
      this._stores = [];
      this._loaded = false;
      this.changed();
    }
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const project = this._project;
    if (project === null || this.isDisposed) {
      return;
    }
    try {
      const [kinds, { results }] = await Promise.all([
        this._kinds.length ? this._kinds : this._api.storeKinds().then(answer => answer.results),
        this._api.stores(project)
      ]);
      if (project !== this._project) {
        return;
      }
      this._kinds = kinds;
      this._stores = [...results].sort((a, b) => Number(b.default) - Number(a.default) || a.name.localeCompare(b.name));
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      this._error = asError(reason);
    }
    this.changed();
  }

  /** Add one (`id` null) or change one. */
  async save(id: string | null, changes: Record<string, Value>): Promise<IStore> {
    const saved = await (id === null
      ? this._api.createStore({ project: this._project, ...changes })
      : this._api.changeStore(id, changes));
    await this.refresh();
    return saved;
  }

  /** Null: files go to the built-in store. */
  async setDefault(id: string | null): Promise<void> {
    if (this._project !== null) {
      await this._api.setDefaultStore(this._project, id);
      await this.refresh();
    }
  }

  async remove(id: string): Promise<void> {
    await this._api.deleteStore(id);
    await this.refresh();
  }

  private _error: ValoError | null = null;
  private _kinds: readonly IStoreKind[] = [];
  private _loaded = false;
  private _project: string | null = null;
  private _stores: IStore[] = [];
}
