/** A page of the main area about data: files, data stores, datasets, or a trace. */
import type { ILabStatus } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { lazy, Suspense } from 'react';
import type { IDatum, ITraced } from '../api/dataTypes';
import { Message } from '../components/Message';
import { TransContext } from '../components/trans';
import type { IDataChoice } from '../model/dataQuery';
import type { IValo } from '../tokens';
import { Looked } from './looked';
import type { IRenderers } from './renderers';
import { Unsaved } from './unsaved';

// the code of a page is fetched when it is first looked at
const PAGES = {
  data: lazy(() => import('./filesPage')),
  stores: lazy(() => import('./storesPage')),
  datasets: lazy(() => import('./datasetsPage')),
  trace: lazy(() => import('./tracePage'))
};

export type DataPageKind = keyof typeof PAGES;

/** What of a page is shown, and shown again after a reload. */
export interface IDataPlace {
  /** Id of a file, or name of a dataset. */
  open?: string;
  choice?: IDataChoice;
}

export interface IDataActions {
  openExecution: (execution: { id: string }) => void;
  openData: (place?: IDataPlace) => void;
  openStores: () => void;
  openDatasets: (dataset?: string) => void;
  openTrace: (of: ITraced) => void;
  /** Opens the run form with these addresses for an input. */
  use: (files: readonly { address: string; name: string }[]) => void;
  download: (datum: Pick<IDatum, 'id' | 'name'>) => void;
  failed: (reason: unknown) => void;
}

export interface IDataPageOptions {
  kind: DataPageKind;
  /** What is traced. */
  of?: ITraced;
  place: IDataPlace;
  valo: IValo;
  trans: TranslationBundle;
  renderers: IRenderers;
  actions: IDataActions;
  status: ILabStatus | null;
}

/** What a page's content is given. */
export interface IDataPageProps extends IDataPageOptions {
  /** Whether anybody looks at it. */
  visible: boolean;
  onPlace: (place: IDataPlace) => void;
  onTitle: (label: string) => void;
  /** Whether something was typed that is not saved. */
  onDirty: (dirty: boolean) => void;
}

export class DataPage extends Looked {
  constructor(private _options: IDataPageOptions) {
    super();
    const { kind, trans, place } = _options;
    this.unsaved = new Unsaved(this.title, _options.status);
    this._place = place;
    this.addClass('valo-Page');
    this.title.label = {
      data: trans.__('Data'),
      stores: trans.__('Data stores'),
      datasets: trans.__('Datasets'),
      trace: trans.__('Trace')
    }[kind];
  }

  readonly unsaved: Unsaved;

  /** What is shown is another. */
  readonly placeChanged = new Signal<this, IDataPlace>(this);

  get kind(): DataPageKind {
    return this._options.kind;
  }

  get of(): ITraced | null {
    return this._options.of ?? null;
  }

  get place(): IDataPlace {
    return this._place;
  }

  set place(place: IDataPlace) {
    this._place = place;
    this.update();
    this.placeChanged.emit(place);
  }

  dispose(): void {
    this.unsaved.dispose();
    Signal.clearData(this);
    super.dispose();
  }

  render(): JSX.Element {
    const { kind, trans } = this._options;
    const Body = PAGES[kind];
    return (
      <TransContext.Provider value={trans}>
        <Suspense fallback={<Message kind="busy" title={trans.__('Loading…')} />}>
          <Body
            {...this._options}
            place={this._place}
            visible={this.looked}
            onPlace={this._onPlace}
            onTitle={this._onTitle}
            onDirty={this._onDirty}
          />
        </Suspense>
      </TransContext.Provider>
    );
  }

  private _onPlace = (place: IDataPlace): void => {
    this.place = place;
  };

  private _onTitle = (label: string): void => {
    this.title.label = label;
  };

  private _onDirty = (dirty: boolean): void => {
    this.unsaved.dirty = dirty;
  };

  private _place: IDataPlace;
}
