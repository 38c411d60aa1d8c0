/** Settings in groups, with what is wrong beside each of them; nothing typed is lost when they cannot be saved. */
import { useEffect, useRef, type ReactNode } from 'react';
import { type FieldProblem } from '../model/fields';
import { hasSecret, savedText, touched, type SettingsDraft } from '../model/settings';
import type { Value } from '../api/types';
import type { IFieldGroup } from './environmentFields';
import { SettingField, useProblemWords } from './SettingField';
import { useTrans } from './trans';

export interface ISettingsFormProps {
  groups: readonly IFieldGroup[];
  /** What is saved; null: nothing yet. */
  saved: Readonly<Record<string, Value>> | null;
  draft: SettingsDraft;
  onDraft: (draft: SettingsDraft) => void;
  /** What no value can be made of, by key. */
  problems: Readonly<Record<string, FieldProblem>>;
  /** What the server refused, by key. */
  refused: Readonly<Record<string, string>>;
  disabled: boolean;
  /** How often it could not be saved; each time the first field that is wrong is shown. */
  failures: number;
  children?: ReactNode;
  onSubmit: () => void;
}

export function SettingsForm(props: ISettingsFormProps): JSX.Element {
  const words = useProblemWords();
  const { groups, saved, draft, onDraft, problems, refused, disabled, failures, onSubmit } = props;
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (failures > 0) {
      form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
    }
  }, [failures]);
  return (
    <form
      ref={form}
      className="valo-Settings"
      onSubmit={event => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Elsewhere {...props} />
      {groups
        .filter(({ fields }) => fields.length > 0)
        .map(({ title, help, fields }) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {help && <p className="valo-Setting-help">{help}</p>}
            {fields.map(field => (
              <SettingField
                key={field.key}
                field={field}
                text={draft[field.key] ?? savedText(field, saved)}
                touched={field.key in draft}
                error={field.key in problems ? words[problems[field.key]] : (refused[field.key] ?? null)}
                disabled={disabled}
                secret={
                  field.secret ? { saved: hasSecret(field, saved), removed: draft[field.key] === null } : undefined
                }
                onChange={text => onDraft(touched(draft, field, text, saved))}
              />
            ))}
          </fieldset>
        ))}
      {props.children}
    </form>
  );
}

/** What was refused of fields that are not here. */
function Elsewhere(props: ISettingsFormProps): JSX.Element | null {
  const trans = useTrans();
  const known = new Set(props.groups.flatMap(({ fields }) => fields.map(({ key }) => key)));
  const rest = Object.entries(props.refused).filter(([key]) => !known.has(key));
  if (rest.length === 0) {
    return null;
  }
  return (
    <div className="valo-Setting-error" role="alert">
      <p>{trans.__('This cannot be saved:')}</p>
      <ul>
        {rest.map(([key, sentence]) => (
          <li key={key}>{sentence}</li>
        ))}
      </ul>
    </div>
  );
}
