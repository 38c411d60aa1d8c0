/** Whether the Valo server answers, asked seldom while it does and often while it starts. */
import { Poll } from '@lumino/polling';
import type { ValoAPI } from '../api/client';
import { asError, type ValoError } from '../api/errors';
import type { IServerStatus } from '../api/types';
import { Model } from './model';

const CALM = 60_000;
const EAGER = 1_000;

export class ServerModel extends Model {
  constructor(private _api: ValoAPI) {
    super();
    this._poll = new Poll({
      auto: false,
      factory: () => this._ask(),
      frequency: { interval: CALM, backoff: false, max: CALM },
      name: 'valo-jupyter:server',
      standby: 'when-hidden'
    });
  }

  /** The last answer, or null before the first. */
  get status(): IServerStatus | null {
    return this._status;
  }

  get error(): ValoError | null {
    return this._error;
  }

  get reachable(): boolean {
    return this._status?.state === 'running' && this._error === null;
  }

  /** Ask now and from then on; the first question starts the local server when there is none. */
  start(): void {
    void this._poll.start();
  }

  /** Ask now. */
  async refresh(): Promise<void> {
    await this._poll.refresh();
    await this._poll.tick;
  }

  dispose(): void {
    this._poll.dispose();
    super.dispose();
  }

  private async _ask(): Promise<void> {
    try {
      this._status = await this._api.status();
      this._error = null;
    } catch (reason) {
      this._error = asError(reason);
    }
    // without the server side there is nobody to ask again
    const missing = this._error?.code === 'not_enabled';
    this._poll.frequency = { interval: this.reachable || missing ? CALM : EAGER * 5, backoff: false, max: CALM };
    if (this._status?.state === 'starting') {
      this._poll.frequency = { interval: EAGER, backoff: false, max: CALM };
    }
    this.changed();
  }

  private _poll: Poll;
  private _status: IServerStatus | null = null;
  private _error: ValoError | null = null;
}
