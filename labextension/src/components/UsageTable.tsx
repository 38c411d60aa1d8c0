/** How an environment was used, as numbers: what the chart draws, for those who do not see it. */
import type { ISample } from '../api/pool';
import { formatTime } from './format';
import { useTrans } from './trans';

/** The newest so many. */
const ROWS = 60;

export function UsageTable(props: { history: readonly ISample[] }): JSX.Element {
  const trans = useTrans();
  const rows = props.history.slice(-ROWS).reverse();
  return (
    <details className="valo-Usage">
      <summary>{trans.__('As a table')}</summary>
      <table className="valo-Table">
        <thead>
          <tr>
            <th scope="col">{trans.__('From')}</th>
            <th scope="col">{trans.__('Busy')}</th>
            <th scope="col">{trans.__('Idle')}</th>
            <th scope="col">{trans.__('Starting')}</th>
            <th scope="col">{trans.__('Waiting')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, busy, idle, starting, waiting }) => (
            <tr key={time}>
              <th scope="row">{formatTime(time)}</th>
              <td>{busy}</td>
              <td>{idle}</td>
              <td>{starting}</td>
              <td>{waiting}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
