/** The credentials for private registries that this account has entered. */
import type { EnvironmentChanges, IRegistry, IRegistryTest, PoolAPI } from '../api/pool';
import { asError, type ValoError } from '../api/errors';
import { Model } from './model';

export class RegistriesModel extends Model {
  constructor(private _api: PoolAPI) {
    super();
  }

  get registries(): readonly IRegistry[] {
    return this._registries;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  get error(): ValoError | null {
    return this._error;
  }

  async refresh(): Promise<void> {
    try {
      const { results } = await this._api.registries();
      this._registries = [...results].sort((a, b) => a.match.localeCompare(b.match));
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      this._error = asError(reason);
    }
    this.changed();
  }

  /** Add one (`id` null) or change one. */
  async save(id: string | null, changes: EnvironmentChanges): Promise<IRegistry> {
    const saved = await (id === null ? this._api.createRegistry(changes) : this._api.changeRegistry(id, changes));
    await this.refresh();
    return saved;
  }

  async remove(id: string): Promise<void> {
    await this._api.deleteRegistry(id);
    await this.refresh();
  }

  test(id: string, image: string): Promise<IRegistryTest> {
    return this._api.testRegistry(id, image);
  }

  private _error: ValoError | null = null;
  private _loaded = false;
  private _registries: IRegistry[] = [];
}
