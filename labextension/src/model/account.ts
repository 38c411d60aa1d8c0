/** Whose requests these are, and whether they may change the server. */
import type { PoolAPI } from '../api/pool';
import type { IAccount } from '../api/types';
import { Model } from './model';

export class Account extends Model {
  constructor(private _api: PoolAPI) {
    super();
  }

  get me(): IAccount | null {
    return this._me;
  }

  /** Administrators write; until it is known the server decides. */
  get mayWrite(): boolean {
    return this._me?.is_admin ?? true;
  }

  /** Ask who it is, once. */
  async load(): Promise<void> {
    if (this._me || this._asking) {
      return;
    }
    this._asking = true;
    try {
      this._me = await this._api.me();
      this.changed();
    } catch {
      // what is written is refused by the server, with its reason
    }
    this._asking = false;
  }

  private _asking = false;
  private _me: IAccount | null = null;
}
