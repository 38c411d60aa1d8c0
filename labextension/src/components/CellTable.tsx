/** The code cells of the executed notebook: how long each took, how much memory, what it cost. */
import { formatBytes, formatCost, formatDuration } from './format';
import { useTrans } from './trans';

export type CellWord = 'waiting' | 'running' | 'done' | 'error' | 'skipped';

export interface ICellRow {
  /** 1-based number among the code cells. */
  code: number;
  source: string;
  state: CellWord;
  seconds: number | null;
  /** Of all processes of the kernel while it ran; null where the machine does not tell. */
  peakBytes: number | null;
  /** The tag for which it was skipped. */
  why: string | null;
}

export function CellTable(props: {
  cells: readonly ICellRow[];
  ended: boolean;
  /** What a second of the machine costs; null where it costs nothing. */
  price: number | null;
}): JSX.Element {
  const trans = useTrans();
  const { cells, price } = props;
  const longest = Math.max(...cells.map(cell => cell.seconds ?? 0), 0.001);
  const largest = Math.max(...cells.map(cell => cell.peakBytes ?? 0));
  const words: Record<CellWord, string> = {
    waiting: props.ended ? trans.__('not run') : trans.__('waiting'),
    running: trans.__('running'),
    done: trans.__('done'),
    error: trans.__('failed'),
    skipped: trans.__('skipped')
  };
  return (
    <section className="valo-Facts">
      <h3>{trans.__('Cells')}</h3>
      <table className="valo-Cells">
        <thead>
          <tr>
            <th scope="col">{trans.__('Cell')}</th>
            <th scope="col">{trans.__('First line')}</th>
            <th scope="col">{trans.__('State')}</th>
            {largest > 0 && (
              <th scope="col" title={trans.__('The most that the kernel and what it started had while the cell ran')}>
                {trans.__('Memory')}
              </th>
            )}
            {price !== null && <th scope="col">{trans.__('Cost')}</th>}
            <th scope="col">{trans.__('Time')}</th>
          </tr>
        </thead>
        <tbody>
          {cells.map(cell => (
            <tr key={cell.code} data-state={cell.state}>
              <td>{cell.code}</td>
              <td className="valo-Cells-source">
                <code>{cell.source}</code>
              </td>
              <td title={cell.why ? trans.__('It has the tag %1', cell.why) : undefined}>{words[cell.state]}</td>
              {largest > 0 && (
                <td className="valo-Cells-bar">
                  <span style={{ width: `${(100 * (cell.peakBytes ?? 0)) / largest}%` }} />
                  {cell.peakBytes !== null && formatBytes(cell.peakBytes)}
                </td>
              )}
              {price !== null && <td>{cell.seconds !== null && formatCost(cell.seconds * price)}</td>}
              <td className="valo-Cells-bar">
                <span style={{ width: `${(100 * (cell.seconds ?? 0)) / longest}%` }} />
                {cell.seconds !== null && formatDuration(trans, cell.seconds)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
