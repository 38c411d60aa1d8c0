/** One environment: its machines, its line, how it was used, and what an administrator can do with it. */
import type { EnvironmentChanges, IPoolMachine, ISample, PoolAPI } from '../api/pool';
import type { IEnvironment, IExecution } from '../api/types';
import { isMoving, waiting } from './environments';
import { Polled } from './polled';

/** What of a line is shown. */
const PLACES = 50;
/** How long a history stands while no number changes. */
const HISTORY_AGE = 15_000;

export class EnvironmentModel extends Polled {
  constructor(
    private _api: PoolAPI,
    readonly id: string
  ) {
    super(`environment-${id}`);
  }

  get environment(): IEnvironment | null {
    return this._environment;
  }

  get machines(): readonly IPoolMachine[] {
    return this._machines;
  }

  /** Why no machine can be had, in the provider's words. */
  get problem(): string | null {
    return this._problem;
  }

  /** The first of those who wait, in the order in which they would start. */
  get queue(): readonly IExecution[] {
    return this._queue;
  }

  get queueCount(): number {
    return this._queueCount;
  }

  get history(): readonly ISample[] {
    return this._history;
  }

  /** How far back the history goes. */
  get minutes(): number {
    return this._minutes;
  }

  set minutes(minutes: number) {
    if (minutes !== this._minutes) {
      this._minutes = minutes;
      this._historyTime = 0;
      this.changed();
      void this.refresh();
    }
  }

  async save(changes: EnvironmentChanges): Promise<IEnvironment> {
    this._environment = await this._api.changeEnvironment(this.id, changes);
    this.changed();
    // it takes effect at once: machines and line may be others now
    void this.refresh();
    return this._environment;
  }

  async remove(stop: boolean): Promise<void> {
    await this._api.deleteEnvironment(this.id, stop);
  }

  protected get moving(): boolean {
    return this._environment !== null && isMoving(this._environment);
  }

  protected async load(signal: AbortSignal): Promise<void> {
    const [environment, machines] = await Promise.all([
      this._api.environment(this.id, signal),
      this._api.machines(this.id, signal)
    ]);
    const line = waiting(environment) > 0 ? await this._api.queue(this.id, PLACES, signal) : { results: [], count: 0 };
    const numbers = JSON.stringify([environment.machines, environment.queue]);
    if (numbers !== this._numbers || Date.now() - this._historyTime > HISTORY_AGE) {
      const { minutes } = this;
      this._history = (await this._api.history(this.id, minutes, signal)).results;
      this._numbers = numbers;
      this._historyTime = minutes === this._minutes ? Date.now() : 0;
    }
    this._environment = environment;
    this._machines = machines.results;
    this._problem = machines.problem ?? environment.problem;
    this._queue = line.results;
    this._queueCount = line.count;
  }

  private _environment: IEnvironment | null = null;
  private _history: ISample[] = [];
  private _historyTime = 0;
  private _machines: IPoolMachine[] = [];
  private _minutes = 60;
  private _numbers = '';
  private _problem: string | null = null;
  private _queue: IExecution[] = [];
  private _queueCount = 0;
}
