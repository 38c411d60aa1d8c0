/** The page that compares two executions. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { lazy } from 'react';
import type { IValo } from '../tokens';
import { Page, type IPageProps } from './page';
import type { IRenderers } from './renderers';

// the code, nbdime's with it, is fetched when it is first looked at
const ComparePage = lazy(() => import('./comparePage'));

export interface ICompareOptions {
  left: string;
  right: string;
  valo: Pick<IValo, 'api'>;
  trans: TranslationBundle;
  renderers: IRenderers;
  openExecution: (execution: { id: string }) => void;
  /** Compares them the other way round. */
  onSwap: () => void;
}

export interface ICompareProps extends ICompareOptions, IPageProps {}

export class CompareWidget extends Page {
  constructor(private _options: ICompareOptions) {
    super(_options.trans.__('Compare'), _options.trans, null);
  }

  get pair(): { left: string; right: string } {
    const { left, right } = this._options;
    return { left, right };
  }

  protected body(props: IPageProps): JSX.Element {
    return <ComparePage {...this._options} {...props} />;
  }
}
