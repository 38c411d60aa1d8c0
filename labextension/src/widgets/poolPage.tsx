/** A page of the main area about the pool: all environments, one of them, a new one, or the registries. */
import type { ILabStatus } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { lazy, Suspense } from 'react';
import { Message } from '../components/Message';
import { TransContext } from '../components/trans';
import type { IValo } from '../tokens';
import { Looked } from './looked';
import type { IRenderers } from './renderers';
import { Unsaved } from './unsaved';

// the code of a page is fetched when it is first looked at
const PAGES = {
  environments: lazy(() => import('./environmentsPage')),
  environment: lazy(() => import('./environmentPage')),
  'new-environment': lazy(() => import('./newEnvironmentPage')),
  registries: lazy(() => import('./registriesPage'))
};

export type PoolPageKind = keyof typeof PAGES;

export interface IPoolActions {
  openExecution: (execution: { id: string }) => void;
  stopExecution: (execution: { id: string }) => Promise<void>;
  openEnvironment: (environment: { id: string }) => void;
  newEnvironment: () => void;
  openRegistries: () => void;
  failed: (reason: unknown) => void;
}

export interface IPoolPageOptions {
  kind: PoolPageKind;
  /** Of an environment. */
  id?: string;
  valo: IValo;
  trans: TranslationBundle;
  renderers: Pick<IRenderers, 'rendermime' | 'themeChanged'>;
  actions: IPoolActions;
  status: ILabStatus | null;
}

/** What a page's content is given. */
export interface IPoolPageProps extends IPoolPageOptions {
  /** Whether anybody looks at it. */
  visible: boolean;
  onTitle: (label: string) => void;
  /** Whether something was typed that is not saved. */
  onDirty: (dirty: boolean) => void;
  onClose: () => void;
}

export class PoolPage extends Looked {
  readonly unsaved: Unsaved;

  constructor(private _options: IPoolPageOptions) {
    super();
    this.unsaved = new Unsaved(this.title, _options.status);
    const { kind, trans } = _options;
    this.addClass('valo-Page');
    this.title.label = {
      environments: trans.__('Environments'),
      environment: trans.__('Environment'),
      'new-environment': trans.__('New environment'),
      registries: trans.__('Registries')
    }[kind];
  }

  get kind(): PoolPageKind {
    return this._options.kind;
  }

  /** The environment's; empty of the other pages. */
  get environmentId(): string {
    return this._options.id ?? '';
  }

  dispose(): void {
    this.unsaved.dispose();
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
            visible={this.looked}
            onTitle={this._onTitle}
            onDirty={this._onDirty}
            onClose={this._onClose}
          />
        </Suspense>
      </TransContext.Provider>
    );
  }

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
