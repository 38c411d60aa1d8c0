/** The head of an execution's page: which one, where it stands, for how long, at what cost, and what can be done. */
import { useState } from 'react';
import { ENDED, type IExecution } from '../api/types';
import { formatCost, formatDuration, formatTime } from './format';
import { useNow } from './hooks';
import { Mark } from './Mark';
import { elapsed, placeSentence, reasonOf, stateSentence } from './state';
import { useTrans } from './trans';

export interface IDetailActions {
  stop: () => Promise<void>;
  rerun: () => Promise<void>;
  /** With the notebook's execution before it; null where nothing came before. */
  compare: (() => Promise<void>) | null;
}

export function DetailHeader(props: {
  execution: IExecution;
  actions: IDetailActions;
  /** Whether executions of other projects, with the same numbers, are open. */
  namesProject: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { execution, actions, namesProject } = props;
  const running = !ENDED.has(execution.status);
  const seconds = elapsed(execution, useNow(running));
  const reason = reasonOf(execution);
  return (
    <div className="valo-Header">
      <Mark execution={execution} />
      <h2 className="valo-Header-title" title={execution.title}>
        {execution.title}
      </h2>
      <span className="valo-Header-facts">
        {namesProject && <span>{execution.project.name}</span>}
        <span className="valo-Header-state" data-status={execution.status} aria-live="polite">
          {reason === null ? stateSentence(trans, execution) : placeSentence(trans, execution)}
        </span>
        {seconds !== null && execution.status !== 'complete' && (
          <span title={execution.started ? formatTime(execution.started) : undefined}>
            {formatDuration(trans, seconds)}
          </span>
        )}
        {execution.cost !== null && execution.cost > 0 && <span>{formatCost(execution.cost)}</span>}
      </span>
      <span className="valo-Header-actions">
        {running && (
          <Action
            label={execution.status === 'stopping' ? trans.__('Stopping…') : trans.__('Stop')}
            disabled={execution.status === 'stopping'}
            onClick={actions.stop}
          />
        )}
        <Action label={trans.__('Run again')} onClick={actions.rerun} />
        {actions.compare && (
          <Action
            label={trans.__('Compare')}
            title={trans.__('With the execution of this notebook before it')}
            onClick={actions.compare}
          />
        )}
      </span>
      {reason !== null && (
        <p className="valo-Header-obstacle" role="status">
          {reason}
        </p>
      )}
    </div>
  );
}

/** A button that is out of use until what it started has ended. */
function Action(props: {
  label: string;
  title?: string;
  disabled?: boolean;
  onClick: () => Promise<void>;
}): JSX.Element {
  const [busy, setBusy] = useState(false);
  const handleClick = async () => {
    setBusy(true);
    try {
      await props.onClick();
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      className="jp-mod-styled valo-Button"
      title={props.title}
      disabled={props.disabled || busy}
      onClick={() => void handleClick()}
    >
      {props.label}
    </button>
  );
}
