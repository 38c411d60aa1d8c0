/** A page of the main area about the pool: all environments, one of them, a new one, or the registries. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message as LuminoMessage } from '@lumino/messaging';
import { lazy, Suspense } from 'react';
import { Message } from '../components/Message';
import { TransContext } from '../components/trans';
import type { IValo } from '../tokens';
import type { IRenderers } from './renderers';

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
}

/** What a page's content is given. */
export interface IPoolPageProps extends IPoolPageOptions {
  /** Whether anybody looks at it. */
  visible: boolean;
  onTitle: (label: string) => void;
  onClose: () => void;
}

export class PoolPage extends ReactWidget {
  constructor(private _options: IPoolPageOptions) {
    super();
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

  render(): JSX.Element {
    const { kind, trans } = this._options;
    const Body = PAGES[kind];
    return (
      <TransContext.Provider value={trans}>
        <Suspense fallback={<Message kind="busy" title={trans.__('Loading…')} />}>
          <Body {...this._options} visible={this._looked} onTitle={this._onTitle} onClose={this._onClose} />
        </Suspense>
      </TransContext.Provider>
    );
  }

  protected onAfterAttach(message: LuminoMessage): void {
    super.onAfterAttach(message);
    this._look(this.isVisible);
  }

  protected onAfterShow(message: LuminoMessage): void {
    super.onAfterShow(message);
    this._look(true);
  }

  protected onBeforeHide(message: LuminoMessage): void {
    super.onBeforeHide(message);
    this._look(false);
  }

  private _look(visible: boolean): void {
    this._looked = visible;
    this.update();
  }

  private _onTitle = (label: string): void => {
    this.title.label = label;
  };

  private _onClose = (): void => {
    // the page is its panel's content
    this.parent?.close();
  };

  private _looked = false;
}
