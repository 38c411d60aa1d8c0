/** The list of executions with its filter, and what stands there when it is empty, loading or out of reach. */
import { useCallback, useRef } from 'react';
import type { ValoError } from '../api/errors';
import { ENDED, type IExecution } from '../api/types';
import { ExecutionFilters, type IExecutionFiltersProps } from './ExecutionFilters';
import { ExecutionRow, ROW_HEIGHT, type IExecutionActions } from './ExecutionRow';
import { useNow } from './hooks';
import { Message } from './Message';
import { useTrans } from './trans';
import { WindowedRows } from './WindowedRows';

export interface IExecutionListProps {
  executions: readonly IExecution[];
  loaded: boolean;
  error: ValoError | null;
  filters: IExecutionFiltersProps;
  actions: IExecutionActions;
  onMore: () => void;
  onRetry: () => void;
}

export function ExecutionList(props: IExecutionListProps): JSX.Element {
  const trans = useTrans();
  const scroller = useRef<HTMLDivElement>(null);
  const { executions, filters, actions, onMore } = props;
  const now = useNow(executions.some(execution => !ENDED.has(execution.status)));
  const handleScroll = useCallback((_: boolean, atBottom: boolean) => atBottom && onMore(), [onMore]);
  return (
    <>
      <ExecutionFilters {...filters} />
      {executions.length > 0 ? (
        <WindowedRows
          count={executions.length}
          rowHeight={ROW_HEIGHT}
          scroller={scroller}
          onScroll={handleScroll}
          label={trans.__('Executions, newest first')}
          renderRow={index => (
            <ExecutionRow key={executions[index].id} execution={executions[index]} actions={actions} now={now} />
          )}
        />
      ) : (
        <Nothing {...props} />
      )}
    </>
  );
}

function Nothing(props: IExecutionListProps): JSX.Element {
  const trans = useTrans();
  const { error, loaded, filters } = props;
  if (error) {
    return (
      <Message kind="error" title={trans.__('The executions cannot be shown')} text={error.message}>
        <button type="button" className="jp-mod-styled jp-mod-accept" onClick={props.onRetry}>
          {trans.__('Try again')}
        </button>
      </Message>
    );
  }
  if (!loaded) {
    return <Message kind="busy" title={trans.__('Loading executions…')} />;
  }
  if (filters.search || filters.chips.length) {
    return (
      <Message title={trans.__('No execution matches the filter')}>
        <button type="button" className="jp-mod-styled" onClick={() => filters.onChange('', [])}>
          {trans.__('Show all')}
        </button>
      </Message>
    );
  }
  return (
    <Message
      title={trans.__('No executions yet')}
      text={trans.__('Open a notebook and press Run remotely in its toolbar.')}
    />
  );
}
