/** A widget that knows whether anybody looks at it. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

export abstract class Looked extends ReactWidget {
  /** Whether it is in view. */
  get looked(): boolean {
    return this._looked;
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._look(this.isVisible);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._look(true);
  }

  protected onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._look(false);
  }

  private _look(looked: boolean): void {
    this._looked = looked;
    this.update();
  }

  private _looked = false;
}
