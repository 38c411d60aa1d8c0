/** The files of a project: a table with search and filters, beside it the one that is open. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { EVERYTHING, filterOf, isEverything, type IDataChoice } from '../model/dataQuery';
import type { DataOrdering, IDatum } from '../api/dataTypes';
import { AdoptForm } from '../components/AdoptForm';
import { DataFilters } from '../components/DataFilters';
import { DatasetForm } from '../components/DatasetForm';
import { DatumTable } from '../components/DatumTable';
import { DropTarget } from '../components/DropTarget';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { pickFiles } from '../components/pickFiles';
import { useTrans } from '../components/trans';
import { UploadList } from '../components/UploadList';
import { addressOf, DataList } from '../model/data';
import { DatasetsModel } from '../model/datasets';
import { StoresModel } from '../model/stores';
import type { IDataPageProps } from './dataPage';
import { DatumPane } from './datumPane';
import { useUploads } from './dataSection';
import { askPurge } from './purge';
import { saveUrl } from './save';

interface IModels {
  list: DataList;
  stores: StoresModel;
  datasets: DatasetsModel;
}

export default function FilesPage(props: IDataPageProps): JSX.Element {
  const { api, feed } = props.valo;
  const list = useOwned(useCallback(() => new DataList(api.data, feed), [api, feed]));
  const stores = useOwned(useCallback(() => new StoresModel(api.data), [api]));
  const datasets = useOwned(useCallback(() => new DatasetsModel(api.data), [api]));
  return list && stores && datasets ? <Page {...props} models={{ list, stores, datasets }} /> : <></>;
}

function Page(props: IDataPageProps & { models: IModels }): JSX.Element {
  const trans = useTrans();
  const { valo, visible, place, onPlace, actions, models } = props;
  const { list, stores, datasets } = models;
  const choice = place.choice ?? EVERYTHING;
  const [ordering, setOrdering] = useState<DataOrdering>('-ctime');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [panel, setPanel] = useState<'adopt' | 'dataset' | null>(null);
  useModel(list, stores, datasets, valo.projects);
  const project = valo.projects.current;
  const projectId = project?.id ?? null;
  const uploads = useUploads(valo, list);
  const filter = useMemo(
    () => (projectId ? filterOf(projectId, choice, ordering) : null),
    [projectId, choice, ordering]
  );
  useEffect(() => {
    if (visible) {
      void list.setFilter(filter);
    }
  }, [list, filter, visible]);
  useEffect(() => {
    if (visible) {
      void stores.setProject(projectId);
    }
  }, [stores, projectId, visible]);
  useEffect(() => setChosen(new Set()), [projectId]);

  const { failed } = actions;
  const open = useCallback((datum: IDatum) => onPlace({ choice, open: datum.id }), [onPlace, choice]);
  const choose = useCallback((next: IDataChoice) => onPlace({ ...place, choice: next }), [onPlace, place]);
  const more = useCallback(() => void list.loadMore(), [list]);
  const those = list.rows.filter(({ id }) => chosen.has(id));
  const archive = async () => {
    try {
      saveUrl(await valo.api.data.archiveUrl({ data: those.map(({ id }) => id) }), 'files.zip');
    } catch (reason) {
      failed(reason);
    }
  };
  const purge = async () => {
    try {
      if (await askPurge(trans, valo.api.data, those)) {
        setChosen(new Set());
        await list.refresh();
      }
    } catch (reason) {
      failed(reason);
    }
  };
  return (
    <DropTarget className="valo-Files" onFiles={uploads.add}>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('Data')}</h2>
        <span className="valo-Header-facts">
          {project && <span>{project.name}</span>}
          {list.count !== null && (
            <span aria-live="polite">{trans._n('%1 file', '%2 files', list.count, list.count.toLocaleString())}</span>
          )}
          {list.asking && list.rows.length > 0 && (
            <span className="valo-Spinner valo-Files-asking" aria-hidden="true" />
          )}
        </span>
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={actions.openStores}>
            {trans.__('Stores')}
          </button>
          <button type="button" className="jp-mod-styled valo-Button" onClick={() => actions.openDatasets()}>
            {trans.__('Datasets')}
          </button>
          <button
            type="button"
            className="jp-mod-styled valo-Button"
            aria-expanded={panel === 'adopt'}
            onClick={() => setPanel(panel === 'adopt' ? null : 'adopt')}
          >
            {trans.__('Adopt…')}
          </button>
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept valo-Button"
            disabled={!uploads.add}
            onClick={() => pickFiles(true, files => uploads.add?.(files))}
          >
            {trans.__('Upload…')}
          </button>
        </span>
      </div>
      {list.error && list.rows.length > 0 && (
        <p className="valo-Stale">{trans.__('Not up to date: %1', list.error.message)}</p>
      )}
      <DataFilters choice={choice} stores={stores.stores} onChange={choose} />
      <UploadList items={uploads.items} actions={uploads.actions} />
      {panel === 'adopt' && (
        <AdoptForm
          key={stores.stores.length}
          stores={stores.stores}
          onAdopt={async (store, urls, tags) => {
            const answer = await valo.api.data.adopt(store.id, { project: projectId ?? '', urls, tags });
            void list.refresh();
            return answer;
          }}
          onStores={actions.openStores}
          onClose={() => setPanel(null)}
        />
      )}
      {panel === 'dataset' && (
        <DatasetForm
          datasets={datasets.datasets}
          count={those.length}
          onCreate={async (dataset, version) => {
            await datasets.createVersion(
              dataset,
              version,
              those.map(({ id }) => id)
            );
            setChosen(new Set());
            actions.openDatasets(dataset);
          }}
          onClose={() => setPanel(null)}
        />
      )}
      {those.length > 0 && (
        <div className="valo-Bar valo-ChosenBar" role="toolbar" aria-label={trans.__('With the chosen files')}>
          <span role="status">{trans._n('%1 chosen', '%1 chosen', those.length)}</span>
          <button type="button" className="valo-Chip" onClick={() => void archive()}>
            {trans.__('Download as zip')}
          </button>
          <button
            type="button"
            className="valo-Chip"
            onClick={() => actions.use(those.map(datum => ({ address: addressOf(datum), name: datum.name })))}
          >
            {trans.__('Use as input')}
          </button>
          <button
            type="button"
            className="valo-Chip"
            onClick={() => {
              void datasets.setProject(projectId);
              setPanel('dataset');
            }}
          >
            {trans.__('Make a dataset…')}
          </button>
          <button type="button" className="valo-Chip" onClick={() => void purge()}>
            {trans.__('Purge…')}
          </button>
          <button type="button" className="valo-Link" onClick={() => setChosen(new Set())}>
            {trans.__('Choose none')}
          </button>
        </div>
      )}
      <div className="valo-Files-body" data-open={place.open ? true : undefined}>
        {list.rows.length > 0 ? (
          <DatumTable
            rows={list.rows}
            count={list.count}
            chosen={chosen}
            open={place.open ?? null}
            ordering={ordering}
            onOrder={setOrdering}
            onOpen={open}
            onChoose={setChosen}
            onMore={more}
          />
        ) : (
          <Nothing {...props} choice={choice} onAll={() => choose(EVERYTHING)} />
        )}
        {place.open && (
          <DatumPane
            {...props}
            key={place.open}
            id={place.open}
            row={list.rows.find(({ id }) => id === place.open) ?? null}
            onChanged={datum => list.put(datum)}
            onClose={() => onPlace({ choice })}
          />
        )}
      </div>
    </DropTarget>
  );
}

function Nothing(props: IDataPageProps & { models: IModels; choice: IDataChoice; onAll: () => void }): JSX.Element {
  const trans = useTrans();
  const { valo, models, choice, onAll } = props;
  const { list } = models;
  const error = list.error ?? (valo.projects.current ? null : valo.projects.error);
  if (error) {
    return (
      <Message kind="error" title={trans.__('The files cannot be shown')} text={error.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={() => void list.refresh()}>
          {trans.__('Try again')}
        </button>
      </Message>
    );
  }
  if (!list.loaded && (valo.projects.current || !valo.projects.loaded)) {
    return <Message kind="busy" title={trans.__('Loading files…')} />;
  }
  if (!isEverything(choice)) {
    return (
      <Message title={trans.__('No file matches the filter')}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={onAll}>
          {trans.__('Show all')}
        </button>
      </Message>
    );
  }
  return (
    <Message
      title={trans.__('No files yet')}
      text={trans.__(
        'What executions save in their outputs folder appears here. Drop files onto this page to upload them, or adopt what a store has already.'
      )}
    />
  );
}
