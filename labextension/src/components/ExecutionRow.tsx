/** One execution in the sidebar: mark, title, where it stands, last metric, tags. */
import { memo, type MouseEvent } from 'react';
import { ENDED, type IExecution } from '../api/types';
import { ExecutionCard } from './ExecutionCard';
import { formatAgo, formatDuration, formatTime, formatValue } from './format';
import { Hover } from './Hover';
import { Mark } from './Mark';
import { Sparkline } from './Sparkline';
import { elapsed, stateSentence } from './state';
import { useTrans } from './trans';

export const ROW_HEIGHT = 52;

export interface IExecutionActions {
  open: (execution: IExecution) => void;
  stop: (execution: IExecution) => void;
  /** `at`: where the pointer is; left out for the keyboard. */
  menu: (execution: IExecution, anchor: HTMLElement, at?: { x: number; y: number }) => void;
}

export const ExecutionRow = memo(
  (props: {
    execution: IExecution;
    actions: IExecutionActions;
    now: number;
    index: number;
    selected: boolean;
    /** Whether Tab leads to it: one row of the list is. */
    reachable: boolean;
    onSelect: (index: number, how: 'toggle' | 'range') => void;
  }): JSX.Element => {
    const trans = useTrans();
    const { execution, actions, now, index, selected, reachable, onSelect } = props;
    const running = !ENDED.has(execution.status);
    const seconds = elapsed(execution, now);
    const { metric } = execution;
    const sentence = stateSentence(trans, execution);
    const tabIndex = reachable ? 0 : -1;
    const handleClick = (event: MouseEvent) => {
      if (event.shiftKey || event.ctrlKey || event.metaKey) {
        onSelect(index, event.shiftKey ? 'range' : 'toggle');
      } else {
        actions.open(execution);
      }
    };
    return (
      <div
        className="valo-Row"
        role="listitem"
        data-status={execution.status}
        data-execution={execution.id}
        data-index={index}
        data-selected={selected || undefined}
        style={{ height: ROW_HEIGHT }}
        onContextMenu={event => {
          event.preventDefault();
          event.stopPropagation();
          const button = event.currentTarget.querySelector<HTMLElement>('.valo-Row-open');
          // the menu key has no place of its own
          const at = event.button === 2 ? { x: event.clientX, y: event.clientY } : undefined;
          if (button) {
            actions.menu(execution, button, at);
          }
        }}
      >
        <input
          type="checkbox"
          className="valo-Row-select"
          tabIndex={tabIndex}
          aria-label={trans.__('Select #%1', execution.counter)}
          checked={selected}
          onChange={event => onSelect(index, (event.nativeEvent as PointerEvent).shiftKey ? 'range' : 'toggle')}
        />
        <button
          type="button"
          className="valo-Row-open"
          tabIndex={tabIndex}
          onClick={handleClick}
          aria-label={trans.__('#%1 %2: %3', execution.counter, execution.title, sentence)}
        >
          <span className="valo-Row-line">
            <Hover card={() => <ExecutionCard execution={execution} />}>{() => <Mark execution={execution} />}</Hover>
            <span className="valo-Row-title" title={execution.title}>
              {execution.title}
            </span>
            {metric && (
              <span className="valo-Row-metric" title={`${metric.name}: ${metric.value}`}>
                <Sparkline values={metric.values} label={trans.__('%1 over time', metric.name)} />
                <span className="valo-Row-value">
                  <span className="valo-Row-metricName">{metric.name}</span>
                  <span>{formatValue(metric.value)}</span>
                </span>
              </span>
            )}
          </span>
          <span className="valo-Row-line valo-Row-second">
            <span className="valo-Row-state" title={sentence}>
              {sentence}
            </span>
            {execution.status !== 'complete' && seconds !== null && <span>{formatDuration(trans, seconds)}</span>}
            {execution.tags.slice(0, 3).map(tag => (
              <span className="valo-Tag" key={tag}>
                {tag}
              </span>
            ))}
            <span className="valo-Row-time" title={formatTime(execution.ctime)}>
              {formatAgo(execution.ctime, 'narrow')}
            </span>
          </span>
        </button>
        {running && execution.status !== 'stopping' && (
          <button
            type="button"
            className="valo-Row-stop"
            tabIndex={tabIndex}
            title={trans.__('Stop #%1', execution.counter)}
            aria-label={trans.__('Stop #%1', execution.counter)}
            onClick={() => actions.stop(execution)}
          >
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <path d="M4 4h8v8H4z" />
            </svg>
          </button>
        )}
      </div>
    );
  }
);
