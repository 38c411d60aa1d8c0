/** The Notebook tab: the executed notebook, while it runs as it stands. */
import { useCallback } from 'react';
import { factsOf, pricePerSecond } from '../components/cellFacts';
import { useLook, useModel } from '../components/hooks';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import type { ITabProps } from './detail';
import { ExecutedNotebook } from './executedNotebook';
import { LuminoHost } from './luminoHost';

export default function NotebookTab(props: ITabProps): JSX.Element {
  const trans = useTrans();
  const { renderers, cell, execution } = props;
  const { notebook } = props.model;
  useModel(notebook);
  useLook(notebook);
  const price = pricePerSecond(execution);
  const create = useCallback(
    () => new ExecutedNotebook(notebook, renderers, cell, code => factsOf(trans, notebook.cells[code - 1], price)),
    [notebook, renderers, cell, trans, price]
  );
  if (notebook.content) {
    return <LuminoHost className="valo-NotebookTab" create={create} />;
  }
  return notebook.error ? (
    <Message kind="error" title={trans.__('The executed notebook cannot be shown')} text={notebook.error.message}>
      <button type="button" className="jp-mod-styled" onClick={() => void notebook.refresh()}>
        {trans.__('Try again')}
      </button>
    </Message>
  ) : (
    <Message kind="busy" title={trans.__('Loading the notebook…')} />
  );
}
