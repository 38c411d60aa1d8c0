/** A page of the main area; its code is fetched when it is first looked at. */
import type { ILabStatus } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Suspense } from 'react';
import { Message } from '../components/Message';
import { TransContext } from '../components/trans';
import { Looked } from './looked';
import { Unsaved } from './unsaved';

/** What a page's content is given. */
export interface IPageProps {
  /** Whether anybody looks at it. */
  visible: boolean;
  onTitle: (label: string) => void;
  /** Whether something was typed that is not saved. */
  onDirty: (dirty: boolean) => void;
  onClose: () => void;
}

export abstract class Page extends Looked {
  constructor(
    label: string,
    private _trans: TranslationBundle,
    status: ILabStatus | null
  ) {
    super();
    this.unsaved = new Unsaved(this.title, status);
    this.title.label = label;
    this.addClass('valo-Page');
  }

  readonly unsaved: Unsaved;

  dispose(): void {
    this.unsaved.dispose();
    super.dispose();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this._trans}>
        <Suspense fallback={<Message kind="busy" title={this._trans.__('Loading…')} />}>
          {this.body({
            visible: this.looked,
            onTitle: this._onTitle,
            onDirty: this._onDirty,
            onClose: this._onClose
          })}
        </Suspense>
      </TransContext.Provider>
    );
  }

  protected abstract body(props: IPageProps): JSX.Element;

  private _onTitle = (label: string): void => {
    this.title.label = label;
  };

  private _onDirty = (dirty: boolean): void => {
    this.unsaved.dirty = dirty;
  };

  private _onClose = (): void => {
    // it is saved, or is to be no more
    this.unsaved.dirty = false;
    // the page is its panel's content
    this.parent?.close();
  };
}
