/** One setting: its label, a control of its type, what it means, and beside it what is wrong with it. */
import { useId } from 'react';
import type { FieldProblem, IField } from '../model/fields';
import { isMissing } from '../model/settings';
import { QuotaTable } from './QuotaTable';
import { SecretField } from './SecretField';
import { useTrans } from './trans';

export interface ISettingFieldProps {
  field: IField;
  text: string;
  /** Whether it differs from what is saved. */
  touched: boolean;
  /** What the server, or a look at the text, found wrong. */
  error: string | null;
  disabled: boolean;
  /** Of a secret: whether one is saved, and whether it is to be removed. */
  secret?: { saved: boolean; removed: boolean };
  /** `undefined`: back to what is saved; null: remove the secret. */
  onChange: (text: string | null | undefined) => void;
}

export function SettingField(props: ISettingFieldProps): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { field, touched, error, onChange, disabled } = props;
  return (
    <div className="valo-Setting" data-key={field.key} data-touched={touched || undefined}>
      <label htmlFor={id}>
        {field.title}
        {isMissing(field) && !props.secret?.saved && <span aria-hidden="true"> *</span>}
      </label>
      <div className="valo-Setting-control">
        <Control {...props} id={id} />
        {touched && !disabled && (
          <button
            type="button"
            className="valo-Field-reset"
            title={trans.__('Back to what is saved')}
            aria-label={trans.__('Reset %1', field.title)}
            onClick={() => onChange(undefined)}
          >
            ↺
          </button>
        )}
      </div>
      {error !== null && (
        <p className="valo-Setting-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {field.help && (
        <p className="valo-Setting-help" id={`${id}-help`}>
          {field.help}
        </p>
      )}
    </div>
  );
}

function Control(props: ISettingFieldProps & { id: string }): JSX.Element {
  const trans = useTrans();
  const { id, field, text, error, disabled, onChange } = props;
  const { type, choices } = field;
  const attributes = {
    id,
    disabled,
    'aria-invalid': error !== null,
    'aria-required': Boolean(field.required),
    'aria-describedby': `${id}-error ${id}-help`
  };
  if (field.secret) {
    return <SecretField {...props} attributes={attributes} />;
  }
  if (type === 'flag' && !choices) {
    return (
      <input
        type="checkbox"
        {...attributes}
        checked={text === 'true'}
        onChange={event => onChange(String(event.target.checked))}
      />
    );
  }
  if (type === 'quotas') {
    return <QuotaTable id={id} text={text} disabled={disabled} label={field.title} onChange={onChange} />;
  }
  if (choices) {
    return (
      <select className="valo-Select" {...attributes} value={text} onChange={event => onChange(event.target.value)}>
        {!choices.some(({ value }) => value === text) && <option value={text}>{text || trans.__('none')}</option>}
        {choices.map(({ value, label }) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    );
  }
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  if (type === 'text' || type === 'list' || type === 'object') {
    const placeholder = {
      text: field.placeholder,
      list: trans.__('one a line'),
      object: trans.__('name=value, one a line')
    }[type];
    return (
      <textarea
        className="jp-mod-styled"
        {...attributes}
        spellCheck={false}
        rows={Math.min(10, Math.max(2, text.split('\n').length))}
        placeholder={placeholder}
        value={text}
        onChange={change}
      />
    );
  }
  return (
    <input
      className="jp-mod-styled"
      {...attributes}
      inputMode={type === 'integer' || type === 'number' ? 'decimal' : undefined}
      placeholder={field.placeholder}
      value={text}
      onChange={change}
    />
  );
}

/** What a text fails to be, as a sentence. */
export function useProblemWords(): Record<FieldProblem, string> {
  const trans = useTrans();
  return {
    required: trans.__('This is needed.'),
    integer: trans.__('This must be a whole number.'),
    number: trans.__('This must be a number.'),
    size: trans.__('This must be a size, such as 512 MB or 2 GB.'),
    list: trans.__('A line that begins with { or [ must be JSON.'),
    object: trans.__('This must be lines of name=value, or JSON such as {"a": 1}.'),
    quotas: trans.__('Each team needs a name of its own and a whole number, 0 or more.')
  };
}
