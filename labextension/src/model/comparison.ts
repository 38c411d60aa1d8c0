/** What differs between two executions, the older one left. */
import type { IExecutionDiff } from '../api/compareTypes';
import type { ValoAPI } from '../api/client';
import { asError, isAborted, type ValoError } from '../api/errors';
import { Model } from './model';

export class ComparisonModel extends Model {
  constructor(
    private _api: Pick<ValoAPI, 'diff'>,
    readonly left: string,
    readonly right: string
  ) {
    super();
    void this.refresh();
  }

  get diff(): IExecutionDiff | null {
    return this._diff;
  }

  get error(): ValoError | null {
    return this._error;
  }

  async refresh(): Promise<void> {
    this._abort.abort();
    const { signal } = (this._abort = new AbortController());
    this._error = null;
    this.changed();
    try {
      this._diff = await this._api.diff(this.left, this.right, signal);
    } catch (reason) {
      if (signal.aborted || isAborted(reason)) {
        return;
      }
      this._error = asError(reason);
    }
    this.changed();
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private _abort = new AbortController();
  private _diff: IExecutionDiff | null = null;
  private _error: ValoError | null = null;
}
