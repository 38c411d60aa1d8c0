/** A page of the main area about data: files, data stores, datasets, or a trace. */
import type { ILabStatus } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { lazy } from 'react';
import type { IDatum, ITraced } from '../api/dataTypes';
import type { IDataChoice } from '../model/dataQuery';
import type { IValo } from '../tokens';
import { Page, type IPageProps } from './page';
import type { IRenderers } from './renderers';

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
export interface IDataPageProps extends IDataPageOptions, IPageProps {
  onPlace: (place: IDataPlace) => void;
}

export class DataPage extends Page {
  constructor(private _options: IDataPageOptions) {
    const { kind, trans, place, status } = _options;
    const labels: Record<DataPageKind, string> = {
      data: trans.__('Data'),
      stores: trans.__('Data stores'),
      datasets: trans.__('Datasets'),
      trace: trans.__('Trace')
    };
    super(labels[kind], trans, status);
    this._place = place;
  }

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
    Signal.clearData(this);
    super.dispose();
  }

  protected body(props: IPageProps): JSX.Element {
    const Body = PAGES[this.kind];
    return <Body {...this._options} {...props} place={this._place} onPlace={this._onPlace} />;
  }

  private _onPlace = (place: IDataPlace): void => {
    this.place = place;
  };

  private _place: IDataPlace;
}
