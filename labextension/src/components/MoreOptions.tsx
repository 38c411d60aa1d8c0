/** What few runs need: another image, and how much of the machine. */
import { useId, useState, type ReactNode } from 'react';
import type { IEnvironment } from '../api/types';
import { RESOURCE_NAMES, resourceProblem, type IDraft } from '../model/draft';
import { sizeText } from '../model/fields';
import { useProblemWords } from './SettingField';
import { useTrans } from './trans';

export function MoreOptions(props: {
  draft: IDraft;
  environments: readonly IEnvironment[];
  onChange: (draft: IDraft) => void;
}): JSX.Element {
  const trans = useTrans();
  const problems = useProblemWords();
  const { draft, environments, onChange } = props;
  const current = environments.find(({ slug, default: standard }) =>
    draft.environment ? slug === draft.environment : standard
  );
  // as it was remembered; closing it is the user's
  const [open] = useState(Boolean(draft.image || RESOURCE_NAMES.some(name => draft[name])));
  const limits = current?.containers;
  const fields: Record<(typeof RESOURCE_NAMES)[number], [title: string, hint: string]> = {
    cpu: [trans.__('Cores'), limits?.cpu ? trans.__('at most %1', limits.cpu) : trans.__('no limit')],
    memory: [
      trans.__('Memory'),
      limits?.memory_bytes ? trans.__('at most %1', sizeText(limits.memory_bytes)) : trans.__('such as 4 GB')
    ],
    gpus: [trans.__('GPUs'), trans.__('none; -1 for all')]
  };
  return (
    <details className="valo-More" open={open}>
      <summary>{trans.__('More')}</summary>
      <Line label={trans.__('Image')}>
        {id => (
          <input
            id={id}
            className="jp-mod-styled"
            placeholder={current?.image ?? trans.__('none: a process, no container')}
            value={draft.image}
            onChange={event => onChange({ ...draft, image: event.target.value })}
          />
        )}
      </Line>
      {RESOURCE_NAMES.map(name => {
        const problem = resourceProblem(draft, name);
        const [title, hint] = fields[name];
        return (
          <Line key={name} label={title} problem={problem && problems[problem]}>
            {id => (
              <input
                id={id}
                className="jp-mod-styled"
                aria-invalid={problem !== null}
                aria-describedby={`${id}-hint`}
                placeholder={hint}
                value={draft[name]}
                onChange={event => onChange({ ...draft, [name]: event.target.value })}
              />
            )}
          </Line>
        );
      })}
    </details>
  );
}

function Line(props: { label: string; problem?: string | null; children: (id: string) => ReactNode }): JSX.Element {
  const id = useId();
  return (
    <div className="valo-Field">
      <label htmlFor={id}>{props.label}</label>
      {props.children(id)}
      {props.problem && (
        <span className="valo-Field-hint" id={`${id}-hint`} role="alert">
          {props.problem}
        </span>
      )}
    </div>
  );
}
