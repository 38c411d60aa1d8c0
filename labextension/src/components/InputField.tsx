/** An input of the run form: its addresses, typed or picked; below them the names of those that say none. */
import { useId, useState, type ReactNode } from 'react';
import { useTrans } from './trans';

export function InputField(props: {
  name: string;
  /** Addresses, one a line. */
  text: string;
  /** The notebook's own addresses. */
  own?: string;
  /** Names of picked files, by address. */
  known: Readonly<Record<string, string>>;
  onChange: (text: string) => void;
  /** Draws what files are picked from; null where nothing can be picked. */
  picker: ((add: (address: string, name: string) => void, close: () => void) => ReactNode) | null;
  onKnown: (address: string, name: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { name, text, own, known, onChange, picker, onKnown } = props;
  const [open, setOpen] = useState(false);
  const names = lines(text).flatMap(address => (known[address] ? [known[address]] : []));
  const add = (address: string, label: string) => {
    if (!lines(text).includes(address)) {
      onKnown(address, label);
      onChange([...lines(text), address].join('\n'));
    }
  };
  return (
    <>
      <div className="valo-Field">
        <label htmlFor={id}>{name}</label>
        <textarea
          id={id}
          className="jp-mod-styled"
          rows={Math.min(4, Math.max(1, text.split('\n').length))}
          placeholder={trans.__('addresses or paths, one a line')}
          value={text}
          onChange={event => onChange(event.target.value)}
        />
        {own !== undefined && text !== own && (
          <button
            type="button"
            className="valo-Field-reset"
            title={own ? trans.__('Back to %1', own) : trans.__('Back to none')}
            aria-label={trans.__('Reset %1', name)}
            onClick={() => onChange(own)}
          >
            ↺
          </button>
        )}
        {names.length > 0 && <span className="valo-Field-hint">{names.join(', ')}</span>}
        {picker && (
          <button
            type="button"
            className="valo-Chip valo-Field-pick"
            aria-expanded={open}
            aria-label={trans.__('Pick files for %1', name)}
            onClick={() => setOpen(!open)}
          >
            {trans.__('Pick files…')}
          </button>
        )}
      </div>
      {open && picker?.(add, () => setOpen(false))}
    </>
  );
}

export function lines(text: string): string[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}
