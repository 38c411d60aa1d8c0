/** The latest value of everything printed as JSON, and which of the numbers the chart shows. */
import type { ReactNode } from 'react';
import type { Value } from '../api/types';
import { formatValue } from './format';
import { useTrans } from './trans';

export function MetadataView(props: {
  values: readonly [string, Value][];
  /** Names that can be drawn. */
  drawable: readonly string[];
  drawn: readonly string[];
  onDraw: (names: string[]) => void;
  chart: ReactNode;
}): JSX.Element {
  const trans = useTrans();
  const { values, drawable, drawn, onDraw, chart } = props;
  return (
    <div className="valo-Metadata">
      {drawable.length > 0 && <div className="valo-Metadata-chart">{chart}</div>}
      <table className="valo-Table">
        <thead>
          <tr>
            {drawable.length > 0 && <th scope="col">{trans.__('Chart')}</th>}
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Latest value')}</th>
          </tr>
        </thead>
        <tbody>
          {values.map(([name, value]) => (
            <tr key={name}>
              {drawable.length > 0 && (
                <td>
                  {drawable.includes(name) && (
                    <input
                      type="checkbox"
                      aria-label={trans.__('Show %1 in the chart', name)}
                      checked={drawn.includes(name)}
                      onChange={event =>
                        onDraw(event.target.checked ? [...drawn, name] : drawn.filter(other => other !== name))
                      }
                    />
                  )}
                </td>
              )}
              <th scope="row">{name}</th>
              <td title={typeof value === 'string' ? value : JSON.stringify(value)}>{formatValue(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
