/** Which kind of a thing is made: engines of environments, services of stores. */
import { useId, type ReactNode } from 'react';
import { useTrans } from './trans';

export interface IKind {
  key: string;
  title: string;
  description: string;
  installed: boolean;
  /** The line that installs it. */
  install: string | null;
  icon?: ReactNode;
  /** What else is to be known before it is chosen. */
  note?: string;
}

export function KindPicker(props: {
  question: string;
  kinds: readonly IKind[];
  chosen: string | null;
  disabled: boolean;
  onChoose: (key: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const name = useId();
  const { question, kinds, chosen, disabled, onChoose } = props;
  return (
    <fieldset className="valo-Kinds" disabled={disabled}>
      <legend>{question}</legend>
      {kinds.map(({ key, title, description, installed, install, icon, note }) => (
        <label key={key} className="valo-Kind" data-chosen={key === chosen || undefined}>
          <input type="radio" name={name} value={key} checked={key === chosen} onChange={() => onChoose(key)} />
          {icon}
          <span>
            <strong>{title}</strong> {description}
            {note && <em className="valo-Quiet"> {note}</em>}
            {!installed && (
              <span className="valo-Warning">
                {' '}
                {trans.__('Needs on the server:')} <code>{install}</code>
              </span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
