/** The datasets of a project: their versions, what is in one, and ways to take it along. */
import { useCallback, useEffect, useState } from 'react';
import type { IDataset, IDatasetVersion } from '../api/dataTypes';
import { CopyButton } from '../components/CopyButton';
import { formatAgo, formatBytes, formatTime } from '../components/format';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import { DatasetsModel } from '../model/datasets';
import { confirmed } from './confirmDelete';
import type { IDataPageProps } from './dataPage';
import { saveUrl } from './save';

type IProps = IDataPageProps & { model: DatasetsModel };

export default function DatasetsPage(props: IDataPageProps): JSX.Element {
  const { valo } = props;
  const model = useOwned(useCallback(() => new DatasetsModel(valo.api.data), [valo]));
  return model ? <Page {...props} model={model} /> : <></>;
}

function Page(props: IProps): JSX.Element {
  const trans = useTrans();
  const { valo, model, visible, actions } = props;
  useModel(model, valo.projects);
  const project = valo.projects.current;
  const projectId = project?.id ?? null;
  useEffect(() => {
    if (visible) {
      void model.setProject(projectId);
    }
  }, [model, visible, projectId]);
  const { datasets, loaded, error } = model;
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('Datasets')}</h2>
        {project && <span className="valo-Header-facts">{project.name}</span>}
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={() => actions.openData()}>
            {trans.__('Files')}
          </button>
        </span>
      </div>
      {error && loaded && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      <div className="valo-PageBody">
        {datasets.length > 0 ? (
          datasets.map(dataset => <Dataset key={dataset.id} {...props} dataset={dataset} />)
        ) : error ? (
          <Message kind="error" title={trans.__('The datasets cannot be shown')} text={error.message}>
            <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
              {trans.__('Try again')}
            </button>
          </Message>
        ) : !loaded && projectId ? (
          <Message kind="busy" title={trans.__('Loading the datasets…')} />
        ) : (
          <Message
            title={trans.__('No datasets yet')}
            text={trans.__(
              'A dataset names files that belong together, in versions that do not change. Choose files on the data page and make one of them.'
            )}
          >
            <button type="button" className="jp-mod-styled valo-Button" onClick={() => actions.openData()}>
              {trans.__('Open the data page')}
            </button>
          </Message>
        )}
      </div>
    </>
  );
}

function Dataset(props: IProps & { dataset: IDataset }): JSX.Element {
  const trans = useTrans();
  const { dataset, place, onPlace } = props;
  const { name, description, versions } = dataset;
  const open = place.open === name;
  return (
    <details
      className="valo-Dataset"
      open={open}
      data-dataset={name}
      onToggle={event => {
        if (event.currentTarget.open !== open) {
          onPlace(event.currentTarget.open ? { open: name } : {});
        }
      }}
    >
      <summary>
        <strong>{name}</strong>{' '}
        <span className="valo-Quiet">{trans._n('%1 version', '%1 versions', versions.length)}</span>
      </summary>
      {description && <p className="valo-Quiet">{description}</p>}
      <table className="valo-Table" aria-label={trans.__('Versions of %1', name)}>
        <tbody>
          {[...versions]
            .sort((a, b) => b.ctime.localeCompare(a.ctime))
            .map(version => (
              <Version key={version.id} {...props} version={version} />
            ))}
        </tbody>
      </table>
    </details>
  );
}

function Version(props: IProps & { version: IDatasetVersion }): JSX.Element {
  const trans = useTrans();
  const { valo, model, version, actions } = props;
  const { id, uri, name, count, size, sealed, creator, ctime, dataset } = version;
  const [files, setFiles] = useState<IDatasetVersion['files'] | null>(null);
  const toggle = () => {
    if (files) {
      setFiles(null);
    } else {
      valo.api.data.datasetVersion(id).then(whole => setFiles(whole.files ?? []), actions.failed);
    }
  };
  const archive = () => {
    valo.api.data
      .archiveUrl({ dataset_version: id })
      .then(url => saveUrl(url, `${dataset.name}-${name}.zip`), actions.failed);
  };
  const remove = async () => {
    const body = trans.__('Its files stay. Executions that used it keep its name.');
    if (await confirmed(trans, trans.__('Delete %1?', uri), body, trans.__('Delete'))) {
      await model.removeVersion(id).catch(actions.failed);
    }
  };
  return (
    <>
      <tr data-version={name}>
        <th scope="row">
          <button type="button" className="valo-Link" aria-expanded={files !== null} onClick={toggle}>
            {name}
          </button>{' '}
          {!sealed && <span className="valo-Tag">{trans.__('being made')}</span>}
        </th>
        <td>{trans._n('%1 file', '%1 files', count)}</td>
        <td>{formatBytes(size)}</td>
        <td title={formatTime(ctime)}>{[formatAgo(ctime, 'short'), creator?.username].filter(Boolean).join(' · ')}</td>
        <td className="valo-Registries-actions">
          <CopyButton text={uri} label={trans.__('Copy address')} />
          <button
            type="button"
            className="valo-Chip"
            aria-label={trans.__('Use %1 as input', uri)}
            onClick={() => actions.use([{ address: uri, name: uri }])}
          >
            {trans.__('Use as input')}
          </button>
          <button type="button" className="valo-Chip" aria-label={trans.__('Download %1', uri)} onClick={archive}>
            {trans.__('Download')}
          </button>
          <button
            type="button"
            className="valo-Chip"
            aria-label={trans.__('Delete %1', uri)}
            onClick={() => void remove()}
          >
            {trans.__('Delete')}
          </button>
        </td>
      </tr>
      {files && (
        <tr>
          <td colSpan={5}>
            <ul className="valo-List valo-Dataset-files" aria-label={trans.__('Files of %1', uri)}>
              {files.map(file => (
                <li key={`${file.datum} ${file.name}`}>
                  <button type="button" className="valo-Link" onClick={() => actions.openData({ open: file.datum })}>
                    {file.name}
                  </button>
                </li>
              ))}
            </ul>
          </td>
        </tr>
      )}
    </>
  );
}
