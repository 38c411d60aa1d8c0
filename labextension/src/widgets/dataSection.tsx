/** The newest files below the executions, with search and upload; folded away until they are asked for. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { DataSearch } from '../components/DataFilters';
import { DatumRow } from '../components/DatumRow';
import { DropTarget, type IChosenFile } from '../components/DropTarget';
import { useModel, useOwned } from '../components/hooks';
import { IconButton } from '../components/IconButton';
import { Message } from '../components/Message';
import { pickFiles } from '../components/pickFiles';
import { Section } from '../components/Section';
import { useTrans } from '../components/trans';
import { UploadList, type IUploadActions } from '../components/UploadList';
import { DataList } from '../model/data';
import { EVERYTHING, filterOf, isEverything } from '../model/dataQuery';
import type { IUploadItem } from '../model/uploads';
import type { IValo } from '../tokens';
import type { IDataPlace } from './dataPage';

/** What of the newest is shown; the page has all. */
const SHOWN = 30;

export interface IDataSectionActions {
  openData: (place?: IDataPlace) => void;
  /** Shows what else there is of data, beside a button. */
  dataMenu: (anchor: HTMLElement) => void;
}

export function DataSection(props: {
  valo: IValo;
  /** Whether the sidebar is looked at. */
  visible: boolean;
  open: boolean;
  actions: IDataSectionActions;
  onToggle: (open: boolean) => void;
}): JSX.Element {
  const trans = useTrans();
  const { valo, visible, open, actions, onToggle } = props;
  const { api, feed } = valo;
  const list = useOwned(useCallback(() => new DataList(api.data, feed, SHOWN), [api, feed]));
  const uploads = useUploads(valo, list);
  return (
    <DropTarget className="valo-DataSection" onFiles={uploads.add && (files => (onToggle(true), uploads.add?.(files)))}>
      <Section
        title={trans.__('Data')}
        open={open}
        onToggle={onToggle}
        actions={
          <>
            {open && uploads.add && (
              <IconButton
                icon="upload"
                label={trans.__('Upload files')}
                onClick={() => pickFiles(true, files => uploads.add?.(files))}
              />
            )}
            <IconButton icon="page" label={trans.__('Open the data page')} onClick={() => actions.openData()} />
            <IconButton
              icon="menu"
              menu
              label={trans.__('Data, stores, datasets')}
              onClick={event => actions.dataMenu(event.currentTarget)}
            />
          </>
        }
      >
        {list && <Newest {...props} list={list} looked={visible && open} uploads={uploads} />}
      </Section>
    </DropTarget>
  );
}

function Newest(props: {
  valo: IValo;
  looked: boolean;
  list: DataList;
  actions: IDataSectionActions;
  uploads: ReturnType<typeof useUploads>;
}): JSX.Element {
  const trans = useTrans();
  const { valo, looked, list, actions, uploads } = props;
  const [choice, setChoice] = useState(EVERYTHING);
  useModel(list, valo.projects, valo.server);
  const project = valo.projects.current?.id ?? null;
  const { reachable } = valo.server;
  const filter = useMemo(
    () => (project && looked && reachable ? filterOf(project, choice) : null),
    [project, choice, looked, reachable]
  );
  useEffect(() => {
    if (filter) {
      void list.setFilter(filter);
    }
  }, [list, filter]);
  const open = useCallback(({ id }: { id: string }) => actions.openData({ open: id, choice }), [actions, choice]);
  const shown = list.rows.slice(0, SHOWN);
  return (
    <>
      <div className="valo-Filters">
        <DataSearch choice={choice} onChange={setChoice} />
        {(choice.tags.length > 0 || choice.alias || choice.execution || choice.store || choice.origin) && (
          <button type="button" className="valo-Link" onClick={() => setChoice(EVERYTHING)}>
            {trans.__('Show all')}
          </button>
        )}
      </div>
      <UploadList items={uploads.items} actions={uploads.actions} />
      {shown.length > 0 ? (
        <div role="list" aria-label={trans.__('Newest files')}>
          {shown.map(datum => (
            <DatumRow key={datum.id} datum={datum} onOpen={open} />
          ))}
        </div>
      ) : list.error ? (
        <Message kind="error" title={trans.__('The files cannot be shown')} text={list.error.message}>
          <button type="button" className="jp-mod-styled valo-Button" onClick={() => void list.refresh()}>
            {trans.__('Try again')}
          </button>
        </Message>
      ) : !list.loaded && project ? (
        <Message kind="busy" title={trans.__('Loading files…')} />
      ) : isEverything(choice) ? (
        <Message title={trans.__('No files yet')} text={trans.__('Drop files here to upload them.')} />
      ) : (
        <Message title={trans.__('No file matches')} />
      )}
      {shown.length > 0 && (list.count ?? 0) > shown.length && (
        <button type="button" className="valo-Link valo-Section-more" onClick={() => actions.openData({ choice })}>
          {trans.__('All %1 files', (list.count ?? 0).toLocaleString())}
        </button>
      )}
    </>
  );
}

/** The uploads of the project; a list is asked anew when one has arrived. `add` is null while there is no project. */
export function useUploads(
  valo: IValo,
  list: DataList | null
): { items: readonly IUploadItem[]; add: ((files: IChosenFile[]) => void) | null; actions: IUploadActions } {
  const { uploads, projects } = valo;
  useModel(uploads, projects);
  const project = projects.current?.id ?? null;
  useEffect(() => {
    const refresh = () => void list?.refresh();
    uploads.arrived.connect(refresh);
    return () => void uploads.arrived.disconnect(refresh);
  }, [uploads, list]);
  const actions = useMemo<IUploadActions>(
    () => ({
      cancel: key => void uploads.cancel(key),
      resume: (key, file) => uploads.resume(key, file),
      clear: () => uploads.clear()
    }),
    [uploads]
  );
  const add = useMemo(
    () => (project === null ? null : (files: IChosenFile[]) => uploads.add(project, files)),
    [uploads, project]
  );
  return { items: uploads.items.filter(item => item.project === project), add, actions };
}
