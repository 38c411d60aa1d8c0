/** What every model is: observable and disposable, without a view. */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

export class Model implements IDisposable {
  readonly stateChanged = new Signal<this, void>(this);

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
  }

  protected changed(): void {
    if (!this._isDisposed) {
      this.stateChanged.emit();
    }
  }

  private _isDisposed = false;
}
