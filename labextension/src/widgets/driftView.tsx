/** How a cell differs from the one that an execution was made of. */
import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import type { ValoAPI } from '../api/client';
import { asError } from '../api/errors';
import type { IExecution } from '../api/types';
import { CellDiff } from '../components/CellDiff';
import { Message } from '../components/Message';
import { TransContext, useTrans } from '../components/trans';

export interface IDriftViewOptions {
  trans: TranslationBundle;
  api: Pick<ValoAPI, 'source'>;
  execution: IExecution;
  cell: Cell;
  /** Place of the submitted cell that it came from; null: there was none. */
  was: number | null;
  /** Leads to the next cell that differs, or the one before. */
  step: (by: 1 | -1) => void;
  openExecution: () => void;
}

export class DriftView extends ReactWidget {
  constructor(private _options: IDriftViewOptions) {
    super();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this._options.trans}>
        <View {...this._options} />
      </TransContext.Provider>
    );
  }
}

function View(props: IDriftViewOptions): JSX.Element {
  const trans = useTrans();
  const { api, execution, cell, was, step, openExecution } = props;
  const now = cell.model.sharedModel.getSource();
  const [before, setBefore] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    api.source(execution.id, abort.signal).then(
      notebook => {
        const found = was === null ? undefined : notebook.cells[was];
        setBefore(found ? textOf(found.source) : '');
      },
      reason => !abort.signal.aborted && setProblem(asError(reason).message)
    );
    return () => abort.abort();
  }, [api, execution.id, was]);
  return (
    <div className="valo-Drift">
      <div className="valo-Drift-head">
        <button type="button" className="valo-Chip" onClick={openExecution}>
          {trans.__('#%1 %2', execution.counter, execution.title)}
        </button>
        <span className="valo-Quiet">{trans.__('then − now +')}</span>
        <button type="button" className="valo-Chip" onClick={() => step(-1)}>
          {trans.__('Previous')}
        </button>
        <button type="button" className="valo-Chip" onClick={() => step(1)}>
          {trans.__('Next')}
        </button>
      </div>
      {problem !== null ? (
        <Message kind="error" title={trans.__('The cell as it was cannot be read')} text={problem} />
      ) : before === null ? (
        <Message kind="busy" title={trans.__('Reading the submitted notebook…')} />
      ) : (
        <CellDiff before={before} after={now} label={trans.__('What differs in this cell')} />
      )}
    </div>
  );
}

function textOf(source: string | readonly string[]): string {
  return typeof source === 'string' ? source : source.join('');
}
