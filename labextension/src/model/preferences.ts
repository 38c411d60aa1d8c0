/** The user's settings of the interface, with their defaults. */
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Model } from './model';

export class Preferences extends Model {
  get marks(): number {
    return this._number('marks', 5);
  }

  /** Which ends are announced: `all`, `failures` or `none`. */
  get notify(): string {
    const value = this._settings?.composite.notify;
    return typeof value === 'string' ? value : 'all';
  }

  /** Whether cells that differ from the last execution are marked. */
  get drift(): boolean {
    return this._settings?.composite.drift !== false;
  }

  /** Whether cells tagged `remote-only` are skipped here. */
  get skipRemoteOnly(): boolean {
    return this._settings?.composite.skipRemoteOnly !== false;
  }

  follow(settings: ISettingRegistry.ISettings): void {
    this._settings = settings;
    settings.changed.connect(this.changed, this);
    this.changed();
  }

  private _number(name: string, standard: number): number {
    const value = this._settings?.composite[name];
    return typeof value === 'number' ? value : standard;
  }

  private _settings: ISettingRegistry.ISettings | null = null;
}
