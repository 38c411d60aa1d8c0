/** A data store, new or to be changed: its kind, its settings as the server describes them, a test of both. */
import { useEffect, useMemo, useRef, useState } from 'react';
import { asError } from '../api/errors';
import type { IStore, IStoreKind } from '../api/dataTypes';
import type { Value } from '../api/types';
import { KindPicker } from '../components/KindPicker';
import { SettingsForm } from '../components/SettingsForm';
import { storeGroups } from '../components/storeFields';
import { useTrans } from '../components/trans';
import type { FieldProblem } from '../model/fields';
import { changesOf, missingOf, refusedOf, type SettingsDraft } from '../model/settings';

export interface IStoreFormProps {
  /** Null: a new one. */
  store: IStore | null;
  kinds: readonly IStoreKind[];
  testing: boolean;
  /** Whether the project has none yet: the first is proposed as the default. */
  first: boolean;
  onDirty: (dirty: boolean) => void;
  onSave: (id: string | null, changes: Record<string, Value>) => Promise<IStore>;
  onSaved: (store: IStore) => void;
  onTest: (id: string | null, name: string, body: Record<string, Value>) => void;
  onClose: () => void;
}

export function StoreForm(props: IStoreFormProps): JSX.Element {
  const trans = useTrans();
  const { store, kinds, testing, first, onDirty, onSave, onSaved, onTest, onClose } = props;
  const [type, setType] = useState(store?.type ?? kinds.find(({ installed }) => installed)?.type ?? '');
  const [draft, setDraft] = useState<SettingsDraft>({});
  const [standard, setStandard] = useState(first);
  const [problems, setProblems] = useState<Record<string, FieldProblem>>({});
  const [refused, setRefused] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const [failures, setFailures] = useState(0);
  const kind = kinds.find(known => known.type === type) ?? null;
  const groups = useMemo(() => (kind ? storeGroups(trans, kind) : []), [trans, kind]);
  const fields = groups.flatMap(group => group.fields);
  const saved = store as unknown as Readonly<Record<string, Value>> | null;
  const dirty = Object.keys(draft).length > 0;
  useEffect(() => {
    onDirty(dirty);
    return () => onDirty(false);
  }, [dirty, onDirty]);
  const form = useRef<HTMLDivElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('input')?.focus(), []);

  /** What is to be sent; null when something in it is wrong, which is shown then. */
  const body = (needed: boolean): Record<string, Value> | null => {
    const { changes, problems: found } = changesOf(fields, draft, saved, store ? [] : ['options']);
    const wrong = { ...(store || !needed ? {} : missingOf(fields, draft)), ...found };
    setProblems(wrong);
    setRefused({});
    if (Object.keys(wrong).length > 0) {
      setFailures(failures + 1);
      return null;
    }
    return store ? changes : { type, ...changes };
  };
  const save = async () => {
    const changes = body(true);
    if (!changes) {
      return;
    }
    setBusy(true);
    try {
      onSaved(await onSave(store?.id ?? null, store ? changes : { ...changes, default: standard }));
    } catch (reason) {
      setRefused(refusedOf(asError(reason)));
      setFailures(failures + 1);
      setBusy(false);
    }
  };
  const test = () => {
    const changes = body(true);
    if (changes) {
      const name = String(changes.name ?? store?.name ?? '');
      onTest(null, name, store ? { ...changes, store: store.id } : changes);
    }
  };
  return (
    <div ref={form}>
      {!store && (
        <KindPicker
          question={trans.__('Where is it?')}
          kinds={kinds.map(({ type: key, ...rest }) => ({ ...rest, key }))}
          chosen={type}
          disabled={busy}
          onChoose={setType}
        />
      )}
      {kind && (
        <SettingsForm
          key={type}
          groups={groups}
          saved={saved}
          draft={draft}
          onDraft={next => {
            setDraft(next);
            setProblems({});
            setRefused({});
          }}
          problems={problems}
          refused={refused}
          disabled={busy}
          failures={failures}
          onSubmit={() => void save()}
        >
          {!store && (
            <label className="valo-Switch">
              <input type="checkbox" checked={standard} onChange={event => setStandard(event.target.checked)} />
              {trans.__('Files of this project go there, unless something else is said')}
            </label>
          )}
          <div className="valo-Form-actions valo-Settings-actions">
            <button type="button" className="jp-mod-styled valo-Button" disabled={busy} onClick={onClose}>
              {trans.__('Cancel')}
            </button>
            <button type="button" className="jp-mod-styled valo-Button" disabled={busy || testing} onClick={test}>
              {testing ? trans.__('Testing…') : trans.__('Test these settings')}
            </button>
            <button type="submit" className="jp-mod-styled jp-mod-accept valo-Button" disabled={busy}>
              {store ? trans.__('Save') : trans.__('Add')}
            </button>
          </div>
        </SettingsForm>
      )}
    </div>
  );
}
