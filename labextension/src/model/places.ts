/** Places in line move without the executions changing: asks for them while somebody waits. */
import type { IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { Signal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';
import type { IExecution } from '../api/types';
import type { ExecutionFeed } from './feed';

const INTERVAL = 3_000;
/** Who is further back hears when it is nearer. */
const MOST = 100;

export class Places implements IDisposable {
  constructor(
    private _api: ValoAPI,
    private _feed: ExecutionFeed
  ) {
    this._poll = new Poll({
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: INTERVAL, backoff: true, max: 10 * INTERVAL },
      name: 'valo-jupyter:places',
      standby: 'when-hidden'
    });
    _feed.changed.connect(this._onChanged, this);
  }

  get isDisposed(): boolean {
    return this._poll.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._poll.dispose();
      Signal.clearData(this);
    }
  }

  private _onChanged(_: ExecutionFeed, changed: IExecution[]): void {
    const before = this._waiting.size;
    for (const execution of changed) {
      if (execution.status === 'created' || execution.status === 'queued') {
        this._waiting.set(execution.id, execution);
      } else {
        this._waiting.delete(execution.id);
      }
    }
    if (before === 0 && this._waiting.size > 0) {
      void this._poll.start();
    }
  }

  private async _ask(): Promise<void> {
    const projects = new Set([...this._waiting.values()].map(({ project }) => project.id));
    if (projects.size === 0) {
      void this._poll.stop();
      return;
    }
    for (const project of projects) {
      const { results } = await this._api.executions({ project, status: ['created', 'queued'], limit: MOST });
      if (this.isDisposed) {
        return;
      }
      const moved = results.filter(row => differs(this._waiting.get(row.id), row));
      const still = new Set(results.map(({ id }) => id));
      this._waiting.forEach((row, id) => {
        // whoever waits no longer is told of by the feed
        if (row.project.id === project && !still.has(id)) {
          this._waiting.delete(id);
        }
      });
      moved.forEach(row => this._feed.push(row));
    }
  }

  private _poll: Poll;
  private _waiting = new Map<string, IExecution>();
}

function differs(known: IExecution | undefined, row: IExecution): boolean {
  return (
    known === undefined || known.queue_position !== row.queue_position || known.status_detail !== row.status_detail
  );
}
