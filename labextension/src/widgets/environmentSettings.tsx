/** The settings of an environment: those of its engine too, as the server describes them. */
import { useEffect, useMemo, useState } from 'react';
import { asError } from '../api/errors';
import type { EnvironmentChanges, IEngineKind, PoolAPI } from '../api/pool';
import type { IEnvironment } from '../api/types';
import { environmentGroups } from '../components/environmentFields';
import { SettingsForm } from '../components/SettingsForm';
import { useTrans } from '../components/trans';
import type { FieldProblem } from '../model/fields';
import { asSaved, changesOf, missingOf, refusedOf, type SettingsDraft } from '../model/settings';

export interface IEnvironmentSettingsProps {
  api: PoolAPI;
  /** Null: a new one. */
  environment: IEnvironment | null;
  /** The engine of a new one. */
  engine?: string;
  draft: SettingsDraft;
  onDraft: (draft: SettingsDraft) => void;
  readOnly: string | null;
  testing: boolean;
  onSave: (changes: EnvironmentChanges) => Promise<unknown>;
  onTest: (body: EnvironmentChanges) => void;
  onDelete?: () => void;
  onRegistries: () => void;
}

export function EnvironmentSettings(props: IEnvironmentSettingsProps): JSX.Element {
  const trans = useTrans();
  const { environment, draft, onDraft, readOnly, testing, onSave, onTest, onDelete } = props;
  const { kinds, failure } = useEngines(props.api);
  // null as text is no engine
  const engine = (draft.engine as string | undefined) ?? props.engine ?? environment?.engine ?? '';
  const kind = kinds.find(known => known.kind === engine) ?? null;
  const other = engine !== environment?.engine;
  const groups = useMemo(() => environmentGroups(trans, kind), [trans, kind]);
  // the options of another engine mean nothing to this one
  const saved = useMemo(
    () => (environment && other ? { ...asSaved(environment), options: {} } : asSaved(environment)),
    [environment, other]
  );
  const [problems, setProblems] = useState<Record<string, FieldProblem>>({});
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState(0);
  const [said, setSaid] = useState('');
  const fields = groups.flatMap(group => group.fields);

  const edit = (next: SettingsDraft) => {
    // a field that is changed is no longer the one that was found wrong
    const same = (key: string) => next[key] === draft[key];
    setProblems(Object.fromEntries(Object.entries(problems).filter(([key]) => same(key))));
    setRefused(Object.fromEntries(Object.entries(refused).filter(([key]) => key in next && same(key))));
    setSaid('');
    onDraft(next);
  };
  const save = async () => {
    const found = changesOf(fields, draft, saved, other ? ['options'] : []);
    const wrong = { ...(environment ? {} : missingOf(fields, draft)), ...found.problems };
    setProblems(wrong);
    setRefused({});
    if (Object.keys(wrong).length > 0) {
      setSaid(trans.__('Not saved: see the fields that are marked.'));
      setFailures(failures + 1);
      return;
    }
    setBusy(true);
    setSaid('');
    try {
      await onSave(other ? { ...found.changes, engine } : found.changes);
      onDraft({});
      setSaid(trans.__('Saved.'));
    } catch (reason) {
      setRefused(refusedOf(asError(reason)));
      setSaid(trans.__('Not saved.'));
      setFailures(failures + 1);
    }
    setBusy(false);
  };
  const test = () => {
    const options = fields.filter(({ key }) => key.startsWith('options.'));
    const found = changesOf(options, draft, saved, ['options']);
    setProblems(found.problems);
    if (Object.keys(found.problems).length === 0) {
      onTest({ engine, options: found.changes.options });
    }
  };
  const dirty = Object.keys(draft).length > 0;
  return (
    <>
      {readOnly && <p className="valo-Stale">{readOnly}</p>}
      {failure && <p className="valo-Stale">{trans.__('The engines are not known: %1', failure)}</p>}
      {environment && kinds.length > 0 && (
        <div className="valo-Setting valo-Setting-engine">
          <label htmlFor={`${environment.id}-engine`}>{trans.__('Machines come from')}</label>
          <select
            id={`${environment.id}-engine`}
            className="valo-Select"
            value={engine}
            disabled={readOnly !== null || busy}
            onChange={event => edit(withEngine(draft, event.target.value, environment.engine))}
          >
            {kinds.map(({ kind: value, title, installed }) => (
              <option key={value} value={value} disabled={!installed && value !== environment.engine}>
                {installed ? title : trans.__('%1 (not installed on the server)', title)}
              </option>
            ))}
          </select>
        </div>
      )}
      <SettingsForm
        groups={groups}
        saved={saved}
        draft={draft}
        onDraft={edit}
        problems={problems}
        refused={refused}
        disabled={readOnly !== null || busy}
        failures={failures}
        onSubmit={() => void save()}
      >
        <p className="valo-Setting-help">
          {trans.__('Images of private registries need an entry:')}{' '}
          <button type="button" className="valo-Link" onClick={props.onRegistries}>
            {trans.__('Registries')}
          </button>
        </p>
        {!readOnly && (
          <div className="valo-Form-actions valo-Settings-actions">
            {onDelete && (
              <button
                type="button"
                className="jp-mod-styled jp-mod-warn valo-Button"
                disabled={busy}
                onClick={onDelete}
              >
                {trans.__('Delete…')}
              </button>
            )}
            <span className="valo-Quiet" role="status">
              {said}
            </span>
            {dirty && environment && (
              <button type="button" className="jp-mod-styled valo-Button" disabled={busy} onClick={() => edit({})}>
                {trans.__('Discard changes')}
              </button>
            )}
            <button type="button" className="jp-mod-styled valo-Button" disabled={busy || testing} onClick={test}>
              {testing ? trans.__('Testing…') : trans.__('Test these settings')}
            </button>
            <button
              type="submit"
              className="jp-mod-styled jp-mod-accept valo-Button"
              disabled={busy || (environment !== null && !dirty)}
            >
              {environment ? trans.__('Save') : trans.__('Create')}
            </button>
          </div>
        )}
      </SettingsForm>
    </>
  );
}

export function useEngines(api: PoolAPI): { kinds: readonly IEngineKind[]; loaded: boolean; failure: string | null } {
  const [kinds, setKinds] = useState<readonly IEngineKind[]>([]);
  const [loaded, setLoaded] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    api.engines().then(
      ({ results }) => {
        if (current) {
          setKinds(results);
          setLoaded(true);
        }
      },
      reason => current && setFailure(asError(reason).message)
    );
    return () => {
      current = false;
    };
  }, [api]);
  return { kinds, loaded, failure };
}

function withEngine(draft: SettingsDraft, engine: string, saved: string): SettingsDraft {
  const next = { ...draft, engine };
  return engine === saved ? without(next, 'engine') : next;
}

function without(draft: Record<string, string | null>, key: string): SettingsDraft {
  return Object.fromEntries(Object.entries(draft).filter(([name]) => name !== key));
}
