/** Which engine makes the machines of a new environment. */
import { useId } from 'react';
import type { IEngineKind } from '../api/pool';
import { EngineIcon } from './EngineIcon';
import { useTrans } from './trans';

export function EnginePicker(props: {
  kinds: readonly IEngineKind[];
  chosen: string | null;
  disabled: boolean;
  onChoose: (kind: string) => void;
}): JSX.Element {
  const trans = useTrans();
  const name = useId();
  const { kinds, chosen, disabled, onChoose } = props;
  return (
    <fieldset className="valo-Engines" disabled={disabled}>
      <legend>{trans.__('Where do its machines come from?')}</legend>
      {kinds.map(({ kind, title, description, tested, installed, install }) => (
        <label key={kind} className="valo-EngineChoice" data-chosen={kind === chosen || undefined}>
          <input type="radio" name={name} value={kind} checked={kind === chosen} onChange={() => onChoose(kind)} />
          <EngineIcon engine={kind} />
          <span>
            <strong>{title}</strong> {description}
            {tested === 'recorded' && (
              <em className="valo-Quiet"> {trans.__('Tested against recorded answers of the provider only.')}</em>
            )}
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
