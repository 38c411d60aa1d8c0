/** The datasets of a project, with their versions. */
import type { DataAPI } from '../api/data';
import type { IDataset, IDatasetVersion } from '../api/dataTypes';
import { asError, type ValoError } from '../api/errors';
import { Model } from './model';

export class DatasetsModel extends Model {
  constructor(private _api: DataAPI) {
    super();
  }

  get datasets(): readonly IDataset[] {
    return this._datasets;
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
      this._datasets = [];
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
      const { results } = await this._api.datasets(project);
      if (project !== this._project) {
        return;
      }
      this._datasets = [...results].sort((a, b) => a.name.localeCompare(b.name));
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      this._error = asError(reason);
    }
    this.changed();
  }

  /** A version of these files; the dataset is made when there is none of that name. */
  async createVersion(dataset: string, version: string, files: readonly string[]): Promise<IDatasetVersion> {
    const project = this._project ?? '';
    await this.refresh();
    if (!this._datasets.some(({ name }) => name === dataset)) {
      await this._api.createDataset({ project, name: dataset });
    }
    const made = await this._api.createDatasetVersion({
      project,
      dataset,
      name: version,
      files: files.map(datum => ({ datum }))
    });
    await this.refresh();
    return made;
  }

  async removeVersion(id: string): Promise<void> {
    await this._api.deleteDatasetVersion(id);
    await this.refresh();
  }

  private _datasets: IDataset[] = [];
  private _error: ValoError | null = null;
  private _loaded = false;
  private _project: string | null = null;
}
