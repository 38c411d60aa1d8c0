/** The numbered mark `#12` in its state's colour, with icon and word. */
import { ENDED, type IDrift, type IExecution, type Status } from '../api/types';
import { drifted, driftWords } from './driftWords';
import { ExecutionCard } from './ExecutionCard';
import { Hover } from './Hover';
import { fraction, stateSentence } from './state';
import { useTrans } from './trans';

const GLYPHS: Partial<Record<Status, string>> = {
  created: 'M5 8h6',
  queued: 'M8 4.8V8l2.2 1.4',
  stopping: 'M6 6h4v4H6z',
  stopped: 'M6 6h4v4H6z',
  complete: 'M5 8.3l2 2L11 6',
  error: 'M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  crashed: 'M8 4.6v4.2M8 10.9v.4'
};

/** The ring fills with the cells that are done; inside it the state's icon. */
export function StateRing(props: { execution: IExecution }): JSX.Element {
  const { status } = props.execution;
  const done = fraction(props.execution);
  const glyph = GLYPHS[status];
  return (
    <svg className="valo-Ring" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" data-status={status}>
      <circle className="valo-Ring-track" cx="8" cy="8" r="6.5" />
      {status === 'started' && (
        <circle
          className={done === null ? 'valo-Ring-turning' : 'valo-Ring-done'}
          cx="8"
          cy="8"
          r="6.5"
          pathLength="100"
          strokeDasharray={`${done === null ? 25 : Math.round(done * 100)} 100`}
          transform="rotate(-90 8 8)"
        />
      )}
      {glyph && <path className="valo-Ring-glyph" d={glyph} />}
    </svg>
  );
}

/** Stands where the mark will be until the server has given it its number. */
export function PendingMark(): JSX.Element {
  const trans = useTrans();
  return (
    <span className="valo-Mark" data-status="created" data-pending title={trans.__('on its way to the server')}>
      <svg className="valo-Ring" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" data-status="started">
        <circle className="valo-Ring-track" cx="8" cy="8" r="6.5" />
        <circle className="valo-Ring-turning" cx="8" cy="8" r="6.5" pathLength="100" strokeDasharray="25 100" />
      </svg>
      <span className="valo-Mark-number">#…</span>
    </span>
  );
}

export function Mark(props: {
  execution: IExecution;
  /** `anchor`: the mark, for what opens beside it. */
  onOpen?: (execution: IExecution, anchor: HTMLElement) => void;
  /** Whether it opens a menu. */
  menu?: boolean;
  /** How the notebook differs from it now. */
  drift?: IDrift;
  /** Show the state's sentence beside the number. */
  words?: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { execution, onOpen, menu, drift, words } = props;
  const sentence = stateSentence(trans, execution);
  const label = [
    trans.__('#%1 %2: %3', execution.counter, execution.title, sentence),
    drifted(drift) && driftWords(trans, drift)
  ]
    .filter(Boolean)
    .join('. ');
  const content = (
    <>
      <StateRing execution={execution} />
      <span className="valo-Mark-number">#{execution.counter}</span>
      {drifted(drift) && <span className="valo-Mark-drift" aria-hidden="true" />}
      {words && <span className="valo-Mark-words">{sentence}</span>}
    </>
  );
  const attributes = {
    className: 'valo-Mark',
    'data-status': execution.status,
    'data-counter': execution.counter,
    'data-execution': execution.id
  };
  if (!onOpen) {
    return <span {...attributes}>{content}</span>;
  }
  return (
    <Hover card={() => <ExecutionCard execution={execution} drift={drift} />}>
      {describedBy => (
        <button
          type="button"
          {...attributes}
          aria-label={label}
          aria-describedby={describedBy}
          aria-busy={!ENDED.has(execution.status)}
          aria-haspopup={menu ? 'menu' : undefined}
          onClick={event => onOpen(execution, event.currentTarget)}
        >
          {content}
        </button>
      )}
    </Hover>
  );
}
