/** Two executions beside each other: facts that differ, files of the code, notebooks. */
import { useCallback, useEffect, useState } from 'react';
import type { IExecutionDiff } from '../api/compareTypes';
import { DifferenceTable, DifferentFiles } from '../components/DifferenceTable';
import { useModel, useOwned } from '../components/hooks';
import { Mark } from '../components/Mark';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import { ComparisonModel } from '../model/comparison';
import type { ICompareProps } from './compare';
import { LuminoHost } from './luminoHost';
import { notebookDiff } from './notebookDiff';

export default function ComparePage(props: ICompareProps): JSX.Element {
  const { api } = props.valo;
  const { left, right } = props;
  const model = useOwned(useCallback(() => new ComparisonModel(api, left, right), [api, left, right]));
  return model ? <Comparison {...props} model={model} /> : <></>;
}

function Comparison(props: ICompareProps & { model: ComparisonModel }): JSX.Element {
  const trans = useTrans();
  const { model, onTitle } = props;
  useModel(model);
  const { diff, error } = model;
  const title = diff && trans.__('#%1 and #%2', diff.left.counter, diff.right.counter);
  useEffect(() => {
    if (title) {
      onTitle(title);
    }
  }, [title, onTitle]);
  if (!diff) {
    return error ? (
      <Message kind="error" title={trans.__('These executions cannot be compared')} text={error.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
          {trans.__('Try again')}
        </button>
      </Message>
    ) : (
      <Message kind="busy" title={trans.__('Comparing…')} />
    );
  }
  return (
    <div className="valo-Compare">
      <div className="valo-Header">
        <Side {...props} execution={diff.left} />
        <span aria-hidden="true">↔</span>
        <Side {...props} execution={diff.right} />
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={props.onSwap}>
            {trans.__('Swap')}
          </button>
          <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
            {trans.__('Compare again')}
          </button>
        </span>
      </div>
      {error && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      <div className="valo-Compare-body" role="region" aria-label={trans.__('Differences')} tabIndex={0}>
        {diff.same && (
          <p className="valo-Quiet">{trans.__('They ran the same code with the same values, and came to the same.')}</p>
        )}
        {diff.problems.map(problem => (
          <p className="valo-Warning" key={problem}>
            {problem}
          </p>
        ))}
        {diff.facts.length > 0 && (
          <DifferenceTable left={`#${diff.left.counter}`} right={`#${diff.right.counter}`} facts={diff.facts} />
        )}
        {diff.files.length > 0 && <DifferentFiles files={diff.files} />}
        <Notebooks {...props} diff={diff} />
      </div>
    </div>
  );
}

function Side(props: ICompareProps & { execution: IExecutionDiff['left'] }): JSX.Element {
  const { execution, openExecution } = props;
  return (
    <button type="button" className="valo-Compare-side" onClick={() => openExecution(execution)}>
      <Mark execution={execution} />
      <span className="valo-Header-title">{execution.title}</span>
    </button>
  );
}

function Notebooks(props: ICompareProps & { diff: IExecutionDiff }): JSX.Element {
  const trans = useTrans();
  const { diff, renderers } = props;
  const { notebooks, left, right, problems } = diff;
  const [whole, setWhole] = useState(false);
  const create = useCallback(
    () => notebookDiff(notebooks?.left ?? EMPTY, notebooks?.diff ?? [], renderers),
    [notebooks, renderers]
  );
  // a comparison that lacks something says above what
  const complete = problems.length === 0;
  if (!notebooks) {
    return complete && !(left.notebook && right.notebook) ? (
      <p className="valo-Quiet">{trans.__('One of them ran no notebook: there are no cells to compare.')}</p>
    ) : (
      <></>
    );
  }
  if (notebooks.diff.length === 0) {
    return complete ? <p className="valo-Quiet">{trans.__('The notebooks and their outputs are the same.')}</p> : <></>;
  }
  return (
    <section className="valo-Facts" data-whole={whole}>
      <h3>{trans.__('Notebook')}</h3>
      <label>
        <input type="checkbox" checked={whole} onChange={event => setWhole(event.target.checked)} />{' '}
        {trans.__('Cells that are the same, too')}
      </label>
      <LuminoHost create={create} className="valo-Compare-notebooks" />
    </section>
  );
}

const EMPTY = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };
