/** The form beside the run button: where, with what, under which tags and title. */
import { useState, useId, type ComponentProps, type KeyboardEvent } from 'react';
import type { IEnvironment, INotebookInfo } from '../api/types';
import { EMPTY, isValid, type IDraft } from '../model/draft';
import { EnvironmentChoice } from './EnvironmentChoice';
import { InputField } from './InputField';
import { MoreOptions } from './MoreOptions';
import { ParameterField } from './ParameterField';
import { useTrans } from './trans';
import { VariablesField } from './VariablesField';

export function RunForm(props: {
  info: INotebookInfo;
  environments: readonly IEnvironment[];
  draft: IDraft;
  /** What it is without any choice. */
  own?: IDraft;
  shortcut: string;
  /** What files for an input are picked from. */
  picker?: ComponentProps<typeof InputField>['picker'];
  /** Names of files, by address. */
  names?: Readonly<Record<string, string>>;
  onChange: (draft: IDraft) => void;
  onRun: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { info, environments, draft, own = EMPTY, shortcut, picker, names, onChange, onRun } = props;
  const [known, setKnown] = useState<Readonly<Record<string, string>>>(names ?? {});
  const valid = isValid(draft, info);
  const handleKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && valid) {
      event.preventDefault();
      event.stopPropagation();
      onRun();
    }
  };
  return (
    // the keys of the whole form; each field is reachable by itself
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <form
      className="valo-Form"
      onKeyDown={handleKey}
      onSubmit={event => {
        event.preventDefault();
        if (valid) {
          onRun();
        }
      }}
    >
      <EnvironmentChoice
        environments={environments}
        chosen={draft.environment}
        onChange={environment => onChange({ ...draft, environment })}
      />
      {info.parameters.length > 0 && (
        <fieldset>
          <legend>{trans.__('Parameters')}</legend>
          {info.parameters.map(parameter => (
            <ParameterField
              key={parameter.name}
              parameter={parameter}
              text={draft.parameters[parameter.name]}
              onChange={text => onChange({ ...draft, parameters: changed(draft.parameters, parameter.name, text) })}
            />
          ))}
        </fieldset>
      )}
      {info.inputs.length > 0 && (
        <fieldset>
          <legend>{trans.__('Inputs')}</legend>
          {info.inputs.map(({ name, default: addresses }) => (
            <InputField
              key={name}
              name={name}
              text={draft.inputs[name] ?? addresses.join('\n')}
              own={addresses.join('\n')}
              known={known}
              onChange={value => {
                const text = value === addresses.join('\n') ? undefined : value;
                onChange({ ...draft, inputs: changed(draft.inputs, name, text) });
              }}
              onKnown={(address, label) => setKnown(before => ({ ...before, [address]: label }))}
              picker={picker ?? null}
            />
          ))}
        </fieldset>
      )}
      <Text
        label={trans.__('Tags')}
        hint={trans.__('separated by commas')}
        value={draft.tags}
        onChange={tags => onChange({ ...draft, tags })}
      />
      <Text
        label={trans.__('Title')}
        hint={trans.__('the notebook’s name')}
        value={draft.title}
        onChange={title => onChange({ ...draft, title })}
      />
      <VariablesField draft={draft} onChange={onChange} />
      <MoreOptions draft={draft} environments={environments} onChange={onChange} />
      {info.problems.map(problem => (
        <p className="valo-Warning" key={problem}>
          {problem}
        </p>
      ))}
      <div className="valo-Form-actions">
        {JSON.stringify(draft) !== JSON.stringify(own) && (
          <button type="button" className="valo-Chip valo-Form-reset" onClick={() => onChange(own)}>
            {trans.__('Reset all')}
          </button>
        )}
        <span className="valo-Quiet">{shortcut}</span>
        <button type="submit" className="jp-mod-styled jp-mod-accept valo-Button" disabled={!valid}>
          {trans.__('Run')}
        </button>
      </div>
    </form>
  );
}

function Text(props: { label: string; hint: string; value: string; onChange: (value: string) => void }): JSX.Element {
  const id = useId();
  return (
    <div className="valo-Field">
      <label htmlFor={id}>{props.label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        placeholder={props.hint}
        value={props.value}
        onChange={event => props.onChange(event.target.value)}
      />
    </div>
  );
}

function changed(values: Record<string, string>, name: string, text: string | undefined): Record<string, string> {
  const next = { ...values };
  if (text === undefined) {
    delete next[name];
  } else {
    next[name] = text;
  }
  return next;
}
