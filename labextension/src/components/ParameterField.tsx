/** One parameter of a notebook: a field of its type, back to the notebook's own value by a click. */
import { useId } from 'react';
import type { IParameter } from '../api/types';
import { parameterProblem, textOf } from '../model/draft';
import { useTrans } from './trans';

export function ParameterField(props: {
  parameter: IParameter;
  /** The text typed; undefined: the notebook's own value. */
  text: string | undefined;
  onChange: (text: string | undefined) => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { parameter, text, onChange } = props;
  const { name, type, help, choices } = parameter;
  const own = textOf(parameter.default, type);
  const shown = text ?? own;
  const problem = text === undefined ? null : parameterProblem(text, parameter);
  const words = {
    integer: trans.__('a whole number'),
    float: trans.__('a number'),
    json: trans.__('JSON, such as [1, 2] or {"a": 1}'),
    string: trans.__('a text'),
    any: trans.__('a value'),
    flag: trans.__('yes or no')
  };
  const change = (next: string) => onChange(next === own ? undefined : next);
  const field = {
    id,
    value: shown,
    'aria-invalid': problem !== null,
    'aria-describedby': `${id}-hint`
  };
  return (
    <div className="valo-Field">
      <label htmlFor={id} title={help || undefined}>
        {name}
      </label>
      {type === 'flag' ? (
        <input
          type="checkbox"
          id={id}
          checked={shown === 'true'}
          onChange={event => change(String(event.target.checked))}
        />
      ) : choices?.length ? (
        <select className="valo-Select" {...field} onChange={event => change(event.target.value)}>
          {choices.map(choice => (
            <option key={textOf(choice, type)}>{textOf(choice, type)}</option>
          ))}
        </select>
      ) : (
        <input
          className="jp-mod-styled"
          {...field}
          inputMode={type === 'integer' || type === 'float' ? 'decimal' : undefined}
          placeholder={parameter.optional ? trans.__('none') : undefined}
          onChange={event => change(event.target.value)}
        />
      )}
      {text !== undefined && (
        <button
          type="button"
          className="valo-Field-reset"
          title={trans.__('Back to %1', own)}
          aria-label={trans.__('Reset %1', name)}
          onClick={() => onChange(undefined)}
        >
          ↺
        </button>
      )}
      <span className="valo-Field-hint" id={`${id}-hint`} role={problem ? 'alert' : undefined}>
        {problem ? trans.__('Not %1', words[problem]) : help}
      </span>
    </div>
  );
}
