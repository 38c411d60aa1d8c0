/** The stores of a project. */
import type { DataAPI } from '../api/data';
import type { IStore, IStoreKind } from '../api/dataTypes';
import type { Value } from '../api/types';
import { ProjectModel } from './projectModel';

export class StoresModel extends ProjectModel {
  constructor(private _api: DataAPI) {
    super();
  }

  /** The default one first, then by name. */
  get stores(): readonly IStore[] {
    return this._stores;
  }

  /** What kinds there are; empty until they are known. */
  get kinds(): readonly IStoreKind[] {
    return this._kinds;
  }

  /** Add one (`id` null) or change one. */
  async save(id: string | null, changes: Record<string, Value>): Promise<IStore> {
    const saved = await (id === null
      ? this._api.createStore({ project: this.project, ...changes })
      : this._api.changeStore(id, changes));
    await this.refresh();
    return saved;
  }

  /** Null: files go to the built-in store. */
  async setDefault(id: string | null): Promise<void> {
    if (this.project !== null) {
      await this._api.setDefaultStore(this.project, id);
      await this.refresh();
    }
  }

  async remove(id: string): Promise<void> {
    await this._api.deleteStore(id);
    await this.refresh();
  }

  protected async load(project: string): Promise<() => void> {
    const [kinds, { results }] = await Promise.all([
      this._kinds.length ? this._kinds : this._api.storeKinds().then(answer => answer.results),
      this._api.stores(project)
    ]);
    return () => {
      this._kinds = kinds;
      this._stores = [...results].sort((a, b) => Number(b.default) - Number(a.default) || a.name.localeCompare(b.name));
    };
  }

  protected clear(): void {
    this._stores = [];
  }

  private _kinds: readonly IStoreKind[] = [];
  private _stores: IStore[] = [];
}
