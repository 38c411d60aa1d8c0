/** Credentials for private registries: a list, and a form to add or change one. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { asError } from '../api/errors';
import type { IRegistry, RegistryType } from '../api/pool';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { registryGroups } from '../components/registryFields';
import { RegistryTable } from '../components/RegistryTable';
import { SettingsForm } from '../components/SettingsForm';
import { useTrans } from '../components/trans';
import type { FieldProblem } from '../model/fields';
import { RegistriesModel } from '../model/registries';
import { changesOf, missingOf, refusedOf, type SettingsDraft } from '../model/settings';
import type { Value } from '../api/types';
import { confirmed } from './confirmDelete';
import type { IPoolPageProps } from './poolPage';

export default function RegistriesPage(props: IPoolPageProps): JSX.Element {
  const { valo } = props;
  const create = useCallback(() => new RegistriesModel(valo.api.pool), [valo]);
  const model = useOwned(create);
  return model ? <Page {...props} model={model} /> : <></>;
}

function Page(props: IPoolPageProps & { model: RegistriesModel }): JSX.Element {
  const trans = useTrans();
  const { model, visible, actions, onDirty } = props;
  useModel(model);
  useEffect(() => {
    if (visible) {
      void model.refresh();
    }
  }, [model, visible]);
  /** What is edited; `new` for another one. */
  const [edited, setEdited] = useState<IRegistry | 'new' | null>(null);
  const { registries, loaded, error } = model;
  const remove = async ({ id, match }: IRegistry) => {
    const body = trans.__('Images that it was for can no longer be pulled, also where they are cached.');
    if (await confirmed(trans, trans.__('Delete the entry %1?', match), body, trans.__('Delete'))) {
      await model.remove(id).catch(actions.failed);
    }
  };
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('Private registries')}</h2>
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled jp-mod-accept valo-Button" onClick={() => setEdited('new')}>
            {trans.__('Add registry')}
          </button>
        </span>
      </div>
      {error && registries.length > 0 && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      <div className="valo-PageBody">
        {edited && (
          <RegistryForm
            key={edited === 'new' ? 'new' : edited.id}
            model={model}
            registry={edited === 'new' ? null : edited}
            onDirty={onDirty}
            onDone={() => setEdited(null)}
          />
        )}
        {registries.length > 0 ? (
          <RegistryTable
            registries={registries}
            actions={{
              edit: setEdited,
              remove: registry => void remove(registry),
              test: ({ id }, image) => model.test(id, image)
            }}
          />
        ) : error ? (
          <Message kind="error" title={trans.__('The registries cannot be shown')} text={error.message}>
            <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
              {trans.__('Try again')}
            </button>
          </Message>
        ) : !loaded ? (
          <Message kind="busy" title={trans.__('Loading the registries…')} />
        ) : (
          !edited && (
            <Message
              title={trans.__('No private registries')}
              text={trans.__('Images of public registries need none. Add an entry for images that need a login.')}
            />
          )
        )}
      </div>
    </>
  );
}

interface IFormProps {
  model: RegistriesModel;
  registry: IRegistry | null;
  onDirty: (dirty: boolean) => void;
  onDone: () => void;
}

function RegistryForm(props: IFormProps): JSX.Element {
  const trans = useTrans();
  const { model, registry, onDirty, onDone } = props;
  const saved = registry as unknown as Readonly<Record<string, Value>> | null;
  const [draft, setDraft] = useState<SettingsDraft>({});
  const dirty = Object.keys(draft).length > 0;
  useEffect(() => {
    onDirty(dirty);
    return () => onDirty(false);
  }, [dirty, onDirty]);
  const [problems, setProblems] = useState<Record<string, FieldProblem>>({});
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState(0);
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('select, input')?.focus(), []);
  const type = (draft.type ?? registry?.type ?? 'docker-hub') as RegistryType;
  const title = registry ? trans.__('Entry %1', registry.match) : trans.__('New entry');
  const groups = useMemo(() => registryGroups(trans, type, title), [trans, type, title]);
  const { fields } = groups[0];
  const save = async () => {
    const found = changesOf(fields, draft, saved);
    const wrong = { ...(registry ? {} : missingOf(fields, draft)), ...found.problems };
    setProblems(wrong);
    setRefused({});
    if (Object.keys(wrong).length > 0) {
      setFailures(failures + 1);
      return;
    }
    setBusy(true);
    try {
      // the type of a new one may be the one that stood there
      await model.save(registry?.id ?? null, registry ? found.changes : { type, ...found.changes });
      onDone();
    } catch (reason) {
      setRefused(refusedOf(asError(reason)));
      setFailures(failures + 1);
      setBusy(false);
    }
  };
  return (
    <div ref={form}>
      <SettingsForm
        groups={groups}
        saved={saved}
        draft={draft}
        onDraft={next => {
          setDraft(next);
          setProblems({});
        }}
        problems={problems}
        refused={refused}
        disabled={busy}
        failures={failures}
        onSubmit={() => void save()}
      >
        <div className="valo-Form-actions valo-Settings-actions">
          <button type="button" className="jp-mod-styled valo-Button" disabled={busy} onClick={onDone}>
            {trans.__('Cancel')}
          </button>
          <button type="submit" className="jp-mod-styled jp-mod-accept valo-Button" disabled={busy}>
            {registry ? trans.__('Save') : trans.__('Add')}
          </button>
        </div>
      </SettingsForm>
    </div>
  );
}
