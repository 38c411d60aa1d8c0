/** A page of the main area about the pool: all environments, one of them, a new one, or the registries. */
import type { ILabStatus } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { lazy } from 'react';
import type { IValo } from '../tokens';
import { Page, type IPageProps } from './page';
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
  status: ILabStatus | null;
}

/** What a page's content is given. */
export type IPoolPageProps = IPoolPageOptions & IPageProps;

export class PoolPage extends Page {
  constructor(private _options: IPoolPageOptions) {
    const { kind, trans, status } = _options;
    const labels: Record<PoolPageKind, string> = {
      environments: trans.__('Environments'),
      environment: trans.__('Environment'),
      'new-environment': trans.__('New environment'),
      registries: trans.__('Registries')
    };
    super(labels[kind], trans, status);
  }

  get kind(): PoolPageKind {
    return this._options.kind;
  }

  /** The environment's; empty of the other pages. */
  get environmentId(): string {
    return this._options.id ?? '';
  }

  protected body(props: IPageProps): JSX.Element {
    const Body = PAGES[this.kind];
    return <Body {...this._options} {...props} />;
  }
}
