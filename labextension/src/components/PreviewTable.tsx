/** The first rows of a table. */
import { useTrans } from './trans';

/** What is shown of many. */
export const ROWS = 200;

export function PreviewTable(props: {
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** How many there are in all, where that is known. */
  count?: number;
}): JSX.Element {
  const trans = useTrans();
  const { head, rows, count = rows.length } = props;
  return (
    <>
      <table className="valo-Table valo-Preview-table">
        <thead>
          <tr>
            {head.map((name, column) => (
              <th scope="col" key={column}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS).map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {count > ROWS && <p className="valo-Quiet">{trans.__('The first %1 rows are shown.', ROWS)}</p>}
    </>
  );
}
