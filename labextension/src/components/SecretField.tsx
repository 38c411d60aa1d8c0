/** A setting that is written and never read: whether it is set, and a field to set another one. */
import type { AriaAttributes } from 'react';
import type { ISettingFieldProps } from './SettingField';
import { useTrans } from './trans';

export function SecretField(
  props: ISettingFieldProps & { attributes: AriaAttributes & { id: string; disabled: boolean } }
): JSX.Element {
  const trans = useTrans();
  const { field, text, touched, secret, disabled, onChange, attributes } = props;
  if (secret?.saved && !touched) {
    return (
      <span className="valo-Secret">
        <span className="valo-Tag">{trans.__('set')}</span>
        {!disabled && (
          <>
            <button
              type="button"
              className="valo-Chip"
              id={attributes.id}
              aria-label={trans.__('Replace %1', field.title)}
              onClick={() => onChange('')}
            >
              {trans.__('Replace')}
            </button>
            {!field.required && (
              <button
                type="button"
                className="valo-Chip"
                aria-label={trans.__('Remove %1', field.title)}
                onClick={() => onChange(null)}
              >
                {trans.__('Remove')}
              </button>
            )}
          </>
        )}
      </span>
    );
  }
  if (secret?.removed) {
    return <span className="valo-Quiet">{trans.__('will be removed')}</span>;
  }
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  // the button that brought it here is gone, and had the focus
  const autoFocus = secret?.saved === true;
  return field.type === 'text' ? (
    <textarea
      className="jp-mod-styled"
      {...attributes}
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus={autoFocus}
      rows={4}
      spellCheck={false}
      autoComplete="off"
      placeholder={field.placeholder}
      value={text}
      onChange={change}
    />
  ) : (
    <input
      className="jp-mod-styled"
      type={field.open ? 'text' : 'password'}
      {...attributes}
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus={autoFocus}
      autoComplete={field.open ? 'off' : 'new-password'}
      placeholder={field.placeholder}
      value={text}
      onChange={change}
    />
  );
}
