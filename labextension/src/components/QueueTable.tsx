/** Those who wait, in the order in which they would start. */
import type { IExecution } from '../api/types';
import { formatAgo, formatTime } from './format';
import { Mark } from './Mark';
import { reasonOf } from './state';
import { useTrans } from './trans';

export function QueueTable(props: {
  queue: readonly IExecution[];
  /** How many wait in all. */
  count: number;
  onOpen: (execution: IExecution) => void;
  onStop: (execution: IExecution) => void;
}): JSX.Element {
  const trans = useTrans();
  const { queue, count, onOpen, onStop } = props;
  if (queue.length === 0) {
    return <p className="valo-Quiet">{trans.__('Nobody waits.')}</p>;
  }
  return (
    <>
      <table className="valo-Table valo-Queue">
        <thead>
          <tr>
            <th scope="col">{trans.__('Place')}</th>
            <th scope="col">{trans.__('Execution')}</th>
            <th scope="col">{trans.__('Of')}</th>
            <th scope="col">{trans.__('Waits for')}</th>
            <th scope="col">{trans.__('Submitted')}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {queue.map((execution, index) => (
            <tr key={execution.id}>
              <td>{execution.queue_position ?? index + 1}</td>
              <th scope="row">
                <Mark execution={execution} onOpen={onOpen} /> {execution.title}
                <span className="valo-Quiet"> · {execution.project.name}</span>
              </th>
              <td>{execution.creator.username}</td>
              <td>{reasonOf(execution)}</td>
              <td title={formatTime(execution.ctime)}>{formatAgo(execution.ctime)}</td>
              <td>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Stop #%1', execution.counter)}
                  onClick={() => onStop(execution)}
                >
                  {trans.__('Stop')}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {count > queue.length && <p className="valo-Quiet">{trans.__('and %1 more', count - queue.length)}</p>}
    </>
  );
}
