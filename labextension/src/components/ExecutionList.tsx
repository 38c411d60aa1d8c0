/** The list of executions with its filter, and what stands there when it is empty, loading or out of reach. */
import { useCallback, useEffect, useRef, useState, type KeyboardEvent } from 'react';
import type { ValoError } from '../api/errors';
import { ENDED, type IExecution } from '../api/types';
import { ExecutionFilters, type IExecutionFiltersProps } from './ExecutionFilters';
import { ExecutionRow, ROW_HEIGHT, type IExecutionActions } from './ExecutionRow';
import { useNow } from './hooks';
import { Message } from './Message';
import { SelectionBar, type ISelectionActions } from './SelectionBar';
import { useTrans } from './trans';
import { useSelection } from './useSelection';
import { WindowedRows } from './WindowedRows';

export interface IExecutionListProps {
  executions: readonly IExecution[];
  /** How many there are, also those that are not loaded yet. */
  count: number;
  loaded: boolean;
  error: ValoError | null;
  filters: IExecutionFiltersProps;
  actions: IExecutionActions & ISelectionActions;
  /** The row at this index is looked at. */
  onNeed: (index: number) => void;
  onRetry: () => void;
}

/** Times of what has ended move on so seldom. */
const CALM = 30_000;

export function ExecutionList(props: IExecutionListProps): JSX.Element {
  const trans = useTrans();
  const scroller = useRef<HTMLDivElement>(null);
  const { executions, count, filters, actions, onNeed } = props;
  const now = useNow(executions.some(execution => !ENDED.has(execution.status)));
  const { selected, select, selectAll, clear } = useSelection(executions);
  const [current, setCurrent] = useState(0);
  const moving = useRef(false);
  const reachable = Math.min(current, executions.length - 1);
  const handleRange = useCallback((_: number, last: number) => onNeed(last), [onNeed]);
  useEffect(() => {
    // a row that was just scrolled to exists only now
    const row = moving.current && scroller.current?.querySelector<HTMLElement>(`[data-index="${current}"]`);
    if (row) {
      moving.current = false;
      row.querySelector<HTMLElement>('.valo-Row-open')?.focus({ preventScroll: true });
    }
  });
  const moveTo = (index: number) => {
    const node = scroller.current;
    const next = Math.max(0, Math.min(executions.length - 1, index));
    if (node) {
      const top = next * ROW_HEIGHT;
      node.scrollTop = Math.min(top, Math.max(node.scrollTop, top + ROW_HEIGHT - node.clientHeight));
    }
    moving.current = true;
    setCurrent(next);
  };
  const handleKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW_HEIGHT) - 1);
    const to = {
      ArrowDown: reachable + 1,
      ArrowUp: reachable - 1,
      PageDown: reachable + page,
      PageUp: reachable - page,
      Home: 0,
      End: executions.length - 1
    }[event.key];
    if (to !== undefined) {
      if (event.shiftKey) {
        select(Math.max(0, Math.min(executions.length - 1, to)), 'range');
      }
      moveTo(to);
    } else if (event.key === ' ' && (event.target as HTMLElement).matches('.valo-Row-open')) {
      select(reachable, 'toggle');
    } else if (event.key === 'Delete') {
      actions.removeAll(selected.length ? selected : executions.slice(reachable, reachable + 1));
    } else if (event.key === 'Escape' && selected.length) {
      clear();
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
      selectAll();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const chosen = new Set(selected.map(({ id }) => id));
  return (
    <>
      <ExecutionFilters {...filters} />
      {selected.length > 0 && <SelectionBar executions={selected} actions={actions} onClear={clear} />}
      {executions.length > 0 ? (
        // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- the keys of all rows together
        <div
          className="valo-Executions"
          data-selecting={selected.length > 0 || undefined}
          onKeyDown={handleKey}
          onFocus={event => {
            const row = event.target.closest<HTMLElement>('.valo-Row');
            if (row) {
              setCurrent(Number(row.dataset.index));
            }
          }}
        >
          <WindowedRows
            count={Math.max(count, executions.length)}
            rowHeight={ROW_HEIGHT}
            scroller={scroller}
            onRange={handleRange}
            label={trans.__('Executions, newest first')}
            renderRow={index => {
              const execution = executions[index];
              return execution ? (
                <ExecutionRow
                  key={execution.id}
                  index={index}
                  execution={execution}
                  actions={actions}
                  now={ENDED.has(execution.status) ? Math.floor(now / CALM) : now}
                  selected={chosen.has(execution.id)}
                  reachable={index === reachable}
                  onSelect={select}
                />
              ) : (
                <div
                  key={index}
                  className="valo-Row valo-Row-missing"
                  style={{ height: ROW_HEIGHT }}
                  role="listitem"
                  aria-label={trans.__('Loading…')}
                />
              );
            }}
          />
        </div>
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
