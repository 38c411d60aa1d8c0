/** Environment variables of a run: rows of a name and a value, which may be a secret one. */
import { useEffect, useId, useRef } from 'react';
import { variableProblem, type IDraft, type IVariable } from '../model/draft';
import { IconButton } from './IconButton';
import { useTrans } from './trans';

export function VariablesField(props: { draft: IDraft; onChange: (draft: IDraft) => void }): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const added = useRef(false);
  const { draft, onChange } = props;
  const { variables } = draft;
  useEffect(() => {
    if (added.current) {
      added.current = false;
      list.current?.querySelector<HTMLInputElement>('.valo-Variable:last-of-type input')?.focus();
    }
  });
  const problems = {
    name: trans.__('A name has letters, digits and _, and begins with no digit'),
    twice: trans.__('This name is there already'),
    value: trans.__('Secrets are not kept: fill it in again')
  };
  const change = (index: number, changes: Partial<IVariable>) =>
    onChange({
      ...draft,
      variables: variables.map((row, place) => (place === index ? { ...row, ...changes } : row))
    });
  return (
    <fieldset>
      <legend>{trans.__('Environment variables')}</legend>
      <div ref={list} className="valo-Variables">
        {variables.map((row, index) => {
          const problem = variableProblem(draft, index);
          const shown = row.name || trans.__('variable %1', index + 1);
          return (
            // rows have no identity but their place
            <div className="valo-Variable" key={index}>
              <input
                className="jp-mod-styled"
                aria-label={trans.__('Name of %1', shown)}
                aria-invalid={problem === 'name' || problem === 'twice'}
                placeholder={trans.__('NAME')}
                spellCheck={false}
                value={row.name}
                onChange={event => change(index, { name: event.target.value })}
              />
              <input
                className="jp-mod-styled"
                aria-label={trans.__('Value of %1', shown)}
                aria-invalid={problem === 'value'}
                aria-describedby={problem ? `${id}-${index}` : undefined}
                type={row.secret ? 'password' : 'text'}
                autoComplete={row.secret ? 'new-password' : 'off'}
                spellCheck={false}
                value={row.value}
                onChange={event => change(index, { value: event.target.value })}
              />
              <label title={trans.__('Its value is shown and kept nowhere')}>
                <input
                  type="checkbox"
                  aria-label={trans.__('%1 is secret', shown)}
                  checked={row.secret}
                  onChange={event => change(index, { secret: event.target.checked })}
                />
                {trans.__('secret')}
              </label>
              <IconButton
                icon="remove"
                label={trans.__('Remove %1', shown)}
                onClick={() => onChange({ ...draft, variables: variables.filter((_, place) => place !== index) })}
              />
              {problem && (
                <span className="valo-Field-hint" id={`${id}-${index}`} role="alert">
                  {problems[problem]}
                </span>
              )}
            </div>
          );
        })}
      </div>
      <button
        type="button"
        className="valo-Chip valo-Variables-add"
        onClick={() => {
          added.current = true;
          onChange({ ...draft, variables: [...variables, { name: '', value: '', secret: false }] });
        }}
      >
        {trans.__('+ variable')}
      </button>
    </fieldset>
  );
}
