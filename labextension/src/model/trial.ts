/** A test of an engine: its steps as they happen, until it has passed or failed. */
import type { EnvironmentChanges, ITrial, ITrialStep, PoolAPI, TrialStatus } from '../api/pool';
import { asError, isAborted, type ValoError } from '../api/errors';
import type { IMachine } from '../api/types';
import { Model } from './model';

/** Requests without an answer, one after the other, before the test is given up. */
const FAILURES = 5;
const PAUSE = 2_000;

export class Trial extends Model {
  /** `environment`: null for one that is not saved; `body`: engine and options when they are not saved. */
  constructor(
    private _api: PoolAPI,
    private _environment: string | null,
    private _body: EnvironmentChanges
  ) {
    super();
  }

  get status(): TrialStatus {
    return this._error ? 'failed' : (this._trial?.status ?? 'wanted');
  }

  get ended(): boolean {
    return this.status === 'passed' || this.status === 'failed';
  }

  get steps(): readonly ITrialStep[] {
    return this._trial?.steps ?? [];
  }

  get hardware(): IMachine | null {
    return this._trial?.hardware ?? null;
  }

  /** Why the test itself could not be made or followed. */
  get error(): ValoError | null {
    return this._error;
  }

  /** Start it and follow it to its end. */
  async run(): Promise<void> {
    try {
      this._set(await this._api.startTrial(this._environment, this._body));
      await this._follow();
    } catch (reason) {
      if (!isAborted(reason)) {
        this._error = asError(reason);
        this.changed();
      }
    }
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private async _follow(): Promise<void> {
    const { signal } = this._abort;
    let failures = 0;
    while (!this.ended && !this.isDisposed && this._trial) {
      try {
        this._set(await this._api.trial(this._trial.id, this._trial.steps.length, signal));
        failures = 0;
      } catch (reason) {
        failures += 1;
        if (isAborted(reason) || !asError(reason).unreachable || failures === FAILURES) {
          throw reason;
        }
        await new Promise(resolve => setTimeout(resolve, PAUSE));
      }
    }
  }

  private _set(trial: ITrial): void {
    this._trial = trial;
    this.changed();
  }

  private _abort = new AbortController();
  private _error: ValoError | null = null;
  private _trial: ITrial | null = null;
}
