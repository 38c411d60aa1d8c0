/** The data stores of a project: a list, tests of them, and a form to add or change one. */
import { useCallback, useEffect, useState } from 'react';
import { asError } from '../api/errors';
import type { IStore, IStoreTest } from '../api/dataTypes';
import type { Value } from '../api/types';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { StoreTable } from '../components/StoreTable';
import { StoreTestView } from '../components/StoreTestView';
import { useTrans } from '../components/trans';
import { EVERYTHING } from '../model/dataQuery';
import { StoresModel } from '../model/stores';
import { confirmed } from './confirmDelete';
import type { IDataPageProps } from './dataPage';
import { StoreForm } from './storeForm';

interface ITested {
  id: string | null;
  name: string;
  test: IStoreTest | null;
  problem: string | null;
}

export default function StoresPage(props: IDataPageProps): JSX.Element {
  const { valo } = props;
  const model = useOwned(useCallback(() => new StoresModel(valo.api.data), [valo]));
  return model ? <Page {...props} model={model} /> : <></>;
}

function Page(props: IDataPageProps & { model: StoresModel }): JSX.Element {
  const trans = useTrans();
  const { valo, model, visible, actions, onDirty } = props;
  useModel(model, valo.projects);
  const project = valo.projects.current;
  const projectId = project?.id ?? null;
  const [edited, setEdited] = useState<IStore | 'new' | null>(null);
  const [tested, setTested] = useState<ITested | null>(null);
  useEffect(() => {
    if (visible) {
      void model.setProject(projectId);
    }
  }, [model, visible, projectId]);
  useEffect(() => setEdited(null), [projectId]);
  const { stores, kinds, loaded, error } = model;

  const test = async (id: string | null, name: string, body: Record<string, Value>) => {
    setTested({ id, name, test: null, problem: null });
    try {
      setTested({ id, name, test: await valo.api.data.testStore(id, body), problem: null });
    } catch (reason) {
      setTested({ id, name, test: null, problem: asError(reason).message });
    }
  };
  const remove = async ({ id, name }: IStore) => {
    const body = trans.__(
      'Its files keep their records, but cannot be read any more. Nothing in the store is removed.'
    );
    if (await confirmed(trans, trans.__('Delete the data store %1?', name), body, trans.__('Delete %1', name))) {
      await model.remove(id).catch(actions.failed);
    }
  };
  const own = {
    edit: setEdited,
    remove: (store: IStore) => void remove(store),
    test: ({ id, name }: IStore) => void test(id, name, {}),
    makeDefault: (store: IStore | null) => void model.setDefault(store?.id ?? null).catch(actions.failed),
    files: (store: string) => actions.openData({ choice: { ...EVERYTHING, store } })
  };
  const testing = tested !== null && tested.test === null && tested.problem === null;
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('Data stores')}</h2>
        {project && <span className="valo-Header-facts">{project.name}</span>}
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={() => actions.openData()}>
            {trans.__('Files')}
          </button>
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept valo-Button"
            disabled={!loaded}
            onClick={() => setEdited('new')}
          >
            {trans.__('Add data store')}
          </button>
        </span>
      </div>
      {error && loaded && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      {tested && <StoreTestView {...tested} onClose={() => setTested(null)} />}
      <div className="valo-PageBody">
        {edited && (
          <StoreForm
            key={edited === 'new' ? 'new' : edited.id}
            store={edited === 'new' ? null : edited}
            kinds={kinds}
            testing={testing}
            first={stores.length === 0}
            onDirty={onDirty}
            onSave={(id, changes) => model.save(id, changes)}
            onSaved={store => {
              setEdited(null);
              // a store is tried as soon as it is saved
              void test(store.id, store.name, {});
            }}
            onTest={(id, name, body) => void test(id, name, { ...body, project: projectId })}
            onClose={() => setEdited(null)}
          />
        )}
        {loaded ? (
          <Stores edited={edited !== null} count={stores.length} onAdd={() => setEdited('new')}>
            <StoreTable stores={stores} kinds={kinds} testing={testing ? tested.id : null} actions={own} />
          </Stores>
        ) : error ? (
          <Message kind="error" title={trans.__('The data stores cannot be shown')} text={error.message}>
            <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
              {trans.__('Try again')}
            </button>
          </Message>
        ) : projectId === null ? (
          <Message
            title={trans.__('No project yet')}
            text={trans.__('Open a notebook; the folder that it is in is its project.')}
          />
        ) : (
          <Message kind="busy" title={trans.__('Loading the data stores…')} />
        )}
      </div>
    </>
  );
}

/** The table, and below it what a first store is for. */
function Stores(props: { edited: boolean; count: number; onAdd: () => void; children: JSX.Element }): JSX.Element {
  const trans = useTrans();
  return (
    <>
      {props.children}
      {props.count === 0 && !props.edited && (
        <Message
          title={trans.__('No data stores of your own')}
          text={trans.__(
            'Add a bucket or container of your team: files of executions go there, and what is in it can be used.'
          )}
        >
          <button type="button" className="jp-mod-styled jp-mod-accept valo-Button" onClick={props.onAdd}>
            {trans.__('Add data store')}
          </button>
        </Message>
      )}
    </>
  );
}
