/** The datasets of a project, with their versions. */
import type { DataAPI } from '../api/data';
import type { IDataset, IDatasetVersion } from '../api/dataTypes';
import { ProjectModel } from './projectModel';

export class DatasetsModel extends ProjectModel {
  constructor(private _api: DataAPI) {
    super();
  }

  get datasets(): readonly IDataset[] {
    return this._datasets;
  }

  /** A version of these files; the dataset is made when there is none of that name. */
  async createVersion(dataset: string, version: string, files: readonly string[]): Promise<IDatasetVersion> {
    const project = this.project ?? '';
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

  protected async load(project: string): Promise<() => void> {
    const { results } = await this._api.datasets(project);
    return () => (this._datasets = [...results].sort((a, b) => a.name.localeCompare(b.name)));
  }

  protected clear(): void {
    this._datasets = [];
  }

  private _datasets: IDataset[] = [];
}
