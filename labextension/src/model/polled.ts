/** A model that asks again and again, only while somebody looks at it: often while something moves, else seldom. */
import { DisposableDelegate, type IDisposable } from '@lumino/disposable';
import { Poll } from '@lumino/polling';
import { asError, isAborted, type ValoError } from '../api/errors';
import { Model } from './model';

const EAGER = 2_000;
const CALM = 10_000;
const MOST = 30_000;

export abstract class Polled extends Model {
  constructor(name: string) {
    super();
    this._poll = new Poll({
      auto: false,
      factory: () => this._next(),
      frequency: { interval: EAGER, backoff: true, max: MOST },
      name: `valo-jupyter:${name}`,
      standby: 'when-hidden'
    });
  }

  /** Whether a first answer has come. */
  get loaded(): boolean {
    return this._loaded;
  }

  /** Why the last request failed; what was known before stays. */
  get error(): ValoError | null {
    return this._error;
  }

  /** Keep it up to date until the answer is disposed of. */
  look(): IDisposable {
    this._looking += 1;
    if (this._looking === 1) {
      void this._poll.refresh();
    }
    return new DisposableDelegate(() => {
      this._looking -= 1;
      if (this._looking === 0 && !this.isDisposed) {
        this._abort.abort();
        void this._poll.stop();
      }
    });
  }

  /** Ask now. */
  async refresh(): Promise<void> {
    if (!this.isDisposed) {
      await this._poll.refresh();
      await this._poll.tick.catch(() => undefined);
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._abort.abort();
      this._poll.dispose();
      super.dispose();
    }
  }

  protected abstract load(signal: AbortSignal): Promise<void>;

  /** Whether something is under way that the user waits for. */
  protected abstract get moving(): boolean;

  private async _next(): Promise<void> {
    this._abort.abort();
    const { signal } = (this._abort = new AbortController());
    try {
      await this.load(signal);
      this._loaded = true;
      this._error = null;
    } catch (reason) {
      if (signal.aborted || isAborted(reason)) {
        return;
      }
      this._error = asError(reason);
      this.changed();
      throw reason;
    }
    if (this.isDisposed || signal.aborted) {
      return;
    }
    this._poll.frequency = { interval: this.moving ? EAGER : CALM, backoff: true, max: MOST };
    if (this._looking === 0) {
      void this._poll.stop();
    }
    this.changed();
  }

  private _abort = new AbortController();
  private _error: ValoError | null = null;
  private _loaded = false;
  private _looking = 0;
  private _poll: Poll;
}
