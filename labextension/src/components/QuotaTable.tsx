/** Numbers by name, a row each, the last one empty. */
import { quotaRows } from '../model/fields';
import { useTrans } from './trans';

export function QuotaTable(props: {
  id: string;
  label: string;
  /** The rows as JSON. */
  text: string;
  disabled: boolean;
  onChange: (text: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const { id, label, text, disabled, onChange } = props;
  const rows = quotaRows(text);
  const shown = disabled ? rows : [...rows, ['', ''] as [string, string]];
  const change = (place: number, name: string, number: string) => {
    const next = shown.map((row, index) => (index === place ? [name, number] : row));
    onChange(JSON.stringify(next.filter(row => row[0] || row[1])));
  };
  if (shown.length === 0) {
    return (
      <span className="valo-Quiet" id={id}>
        {trans.__('none')}
      </span>
    );
  }
  return (
    <table className="valo-Table valo-Quotas" aria-label={label}>
      <thead>
        <tr>
          <th scope="col">{trans.__('Team')}</th>
          <th scope="col">{trans.__('Machines')}</th>
        </tr>
      </thead>
      <tbody>
        {shown.map(([name, number], place) => (
          <tr key={place}>
            <td>
              <input
                id={place === 0 ? id : undefined}
                className="jp-mod-styled"
                disabled={disabled}
                aria-label={trans.__('Team %1', place + 1)}
                value={name}
                onChange={event => change(place, event.target.value, number)}
              />
            </td>
            <td>
              <input
                className="jp-mod-styled"
                disabled={disabled}
                inputMode="decimal"
                aria-label={trans.__('Machines of team %1', name || place + 1)}
                value={number}
                onChange={event => change(place, name, event.target.value)}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
