/** News of executions as the Jupyter server's events; where those do not arrive, nobody waits for them. */
import type { Event } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';

export const SCHEMA = 'urn:valo-jupyter:executions';
/** Milliseconds after which the Jupyter server is told again who is watched; it forgets after a minute. */
const RENEW = 20_000;
/** The first event after that comes at once, where events arrive. */
const PATIENCE = 5_000;

export class Relay {
  constructor(
    private _api: Pick<ValoAPI, 'watch'>,
    stream: ISignal<unknown, Event.Emission>,
    private _patience = PATIENCE
  ) {
    stream.connect((_, event) => this._onEvent(event));
  }

  /** Whether events arrive. */
  get live(): boolean {
    return this._live;
  }

  /**
   * Wait for something newer than these revisions, by project; no longer than `RENEW`.
   *
   * Answers false where no events arrive: then there is nothing to wait for.
   */
  async news(known: ReadonlyMap<string, number | null>, signal: AbortSignal): Promise<boolean> {
    const asked = Date.now();
    const projects = [...known.keys()].sort();
    if (projects.join() !== this._watched || asked - this._renewed > RENEW) {
      this._heard = false;
      await this._api.watch(projects, signal);
      this._watched = projects.join();
      this._renewed = asked;
    }
    const isNews = () => projects.some(project => (this._newest.get(project) ?? 0) > (known.get(project) ?? 0));
    if (!this._heard && !(await this._next(() => this._heard, this._patience, signal))) {
      this._live = false;
      this._watched = '';
      return false;
    }
    this._live = true;
    await this._next(isNews, RENEW, signal);
    return true;
  }

  /** Until `done`, checked at each event; whether it was before `milliseconds` had passed. */
  private _next(done: () => boolean, milliseconds: number, signal: AbortSignal): Promise<boolean> {
    if (done() || signal.aborted) {
      return Promise.resolve(done());
    }
    return new Promise(resolve => {
      const settle = () => {
        clearTimeout(timer);
        this._waiting.delete(check);
        signal.removeEventListener('abort', settle);
        resolve(done());
      };
      const check = () => done() && settle();
      const timer = setTimeout(settle, milliseconds);
      this._waiting.add(check);
      signal.addEventListener('abort', settle);
    });
  }

  private _onEvent(event: Event.Emission): void {
    if (event.schema_id !== SCHEMA) {
      return;
    }
    const { project, revision } = event as unknown as { project: string; revision: number };
    this._newest.set(project, revision);
    this._heard = true;
    [...this._waiting].forEach(check => check());
  }

  private _heard = false;
  private _live = false;
  private _newest = new Map<string, number>();
  private _renewed = 0;
  private _waiting = new Set<() => void>();
  private _watched = '';
}
