/** The code cells of the executed notebook with how long each took. */
import { formatDuration } from './format';
import { useTrans } from './trans';

export type CellWord = 'waiting' | 'running' | 'done' | 'error';

export interface ICellRow {
  /** 1-based number among the code cells. */
  code: number;
  source: string;
  state: CellWord;
  seconds: number | null;
}

export function CellTable(props: { cells: readonly ICellRow[]; ended: boolean }): JSX.Element {
  const trans = useTrans();
  const { cells } = props;
  const longest = Math.max(...cells.map(cell => cell.seconds ?? 0), 0.001);
  const words: Record<CellWord, string> = {
    waiting: props.ended ? trans.__('not run') : trans.__('waiting'),
    running: trans.__('running'),
    done: trans.__('done'),
    error: trans.__('failed')
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
              <td>{words[cell.state]}</td>
              <td className="valo-Cells-time">
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
