/** Something of one project, asked for whenever the project is another, or something of it was changed. */
import { asError, type ValoError } from '../api/errors';
import { Model } from './model';

export abstract class ProjectModel extends Model {
  get project(): string | null {
    return this._project;
  }

  /** Whether a first answer has come. */
  get loaded(): boolean {
    return this._loaded;
  }

  /** Why the last request failed; what was known before stays. */
  get error(): ValoError | null {
    return this._error;
  }

  async setProject(project: string | null): Promise<void> {
    if (project !== this._project) {
      this._project = project;
      this._loaded = false;
      this._error = null;
      this.clear();
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
      const take = await this.load(project);
      if (project !== this._project) {
        return;
      }
      take();
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      if (project !== this._project) {
        return;
      }
      this._error = asError(reason);
    }
    this.changed();
  }

  /** Ask; what is given back takes the answer, and is called only while the project is the same. */
  protected abstract load(project: string): Promise<() => void>;

  /** Forget what is of another project. */
  protected abstract clear(): void;

  private _error: ValoError | null = null;
  private _loaded = false;
  private _project: string | null = null;
}
