/** What was typed and not saved: asked about before it is lost, as Lab's settings editor does. */
import type { ILabStatus } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import type { Title, Widget } from '@lumino/widgets';
import { confirmed } from './confirmDelete';

/** Lab shows a dot in the tab then. */
const MARK = 'jp-mod-dirty';

/** Whether a page has something unsaved: its tab says so, and the browser asks before a reload. */
export class Unsaved implements IDisposable {
  constructor(
    private _title: Title<Widget>,
    private _status: ILabStatus | null
  ) {}

  get dirty(): boolean {
    return this._dirty;
  }

  set dirty(dirty: boolean) {
    if (dirty === this._dirty || this._isDisposed) {
      return;
    }
    this._dirty = dirty;
    this._title.className = dirty ? MARK : '';
    this._clear?.dispose();
    this._clear = dirty ? this._status?.setDirty() : undefined;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this.dirty = false;
    this._isDisposed = true;
  }

  private _clear?: IDisposable;
  private _dirty = false;
  private _isDisposed = false;
}

/** The panel of a page: asks before it is closed with something unsaved. */
export class UnsavedPanel<T extends Widget & { readonly unsaved: Unsaved }> extends MainAreaWidget<T> {
  constructor(
    content: T,
    private _trans: TranslationBundle
  ) {
    super({ content });
  }

  protected onCloseRequest(message: Message): void {
    if (!this.content.unsaved.dirty) {
      super.onCloseRequest(message);
      return;
    }
    const trans = this._trans;
    const question = trans.__('Close %1 without saving?', this.title.label);
    void confirmed(trans, question, trans.__('What you have typed there is lost.'), trans.__('Discard')).then(
      accepted => {
        if (accepted) {
          this.dispose();
        }
      }
    );
  }
}
