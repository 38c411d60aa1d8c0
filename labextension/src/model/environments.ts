/** All environments, with their machines and lines as numbers. */
import type { PoolAPI } from '../api/pool';
import type { IEnvironment } from '../api/types';
import { Polled } from './polled';

export class EnvironmentsModel extends Polled {
  constructor(private _api: PoolAPI) {
    super('environments');
  }

  /** The default one first, then by name. */
  get environments(): readonly IEnvironment[] {
    return this._environments;
  }

  protected get moving(): boolean {
    return this._environments.some(isMoving);
  }

  protected async load(signal: AbortSignal): Promise<void> {
    const { results } = await this._api.environments(signal);
    this._environments = [...results].sort(
      (a, b) => Number(b.default) - Number(a.default) || a.name.localeCompare(b.name)
    );
  }

  private _environments: IEnvironment[] = [];
}

/** How many executions wait for a machine, or for the quota. */
export function waiting({ queue }: IEnvironment): number {
  return queue.created + queue.queued;
}

/** How many more executions could run at once. */
export function free({ max_scale: most, machines }: IEnvironment): number {
  return Math.max(0, most - machines.busy - machines.draining);
}

export function isMoving(environment: IEnvironment): boolean {
  const { machines, queue } = environment;
  return machines.starting + machines.busy + machines.draining + queue.running + waiting(environment) > 0;
}
