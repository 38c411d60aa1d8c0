/** Files of the project to take for an input: by name, tag, alias or store; several, one after the other. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { IStore } from '../api/dataTypes';
import { DataFilters } from '../components/DataFilters';
import { DatumRow } from '../components/DatumRow';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import { addressOf, DataList } from '../model/data';
import { EVERYTHING, filterOf } from '../model/dataQuery';
import type { IValo } from '../tokens';

const SHOWN = 50;

export interface IInputPickerProps {
  valo: Pick<IValo, 'api' | 'feed'>;
  project: string;
  onAdd: (address: string, name: string) => void;
  onClose: () => void;
}

export function InputPicker(props: IInputPickerProps): JSX.Element {
  const { api, feed } = props.valo;
  const list = useOwned(useCallback(() => new DataList(api.data, feed, SHOWN), [api, feed]));
  return list ? <Picker {...props} list={list} /> : <></>;
}

function Picker(props: IInputPickerProps & { list: DataList }): JSX.Element {
  const trans = useTrans();
  const { valo, project, list, onAdd, onClose } = props;
  const [choice, setChoice] = useState(EVERYTHING);
  const [stores, setStores] = useState<readonly IStore[]>([]);
  useModel(list);
  useEffect(() => {
    valo.api.data.stores(project).then(
      ({ results }) => setStores(results),
      () => undefined // the list can be searched without
    );
  }, [valo, project]);
  // what was purged cannot be used
  const filter = useMemo(() => ({ ...filterOf(project, choice), purged: false }), [project, choice]);
  useEffect(() => void list.setFilter(filter), [list, filter]);
  return (
    <section className="valo-Picker" aria-label={trans.__('Files of the project')}>
      <DataFilters choice={choice} stores={stores} onChange={setChoice} focused />
      {list.rows.length > 0 ? (
        <div className="valo-Picker-list" role="list">
          {list.rows.map(datum => (
            <DatumRow
              key={datum.id}
              datum={datum}
              // an alias goes on meaning the file that it is given to later
              onOpen={({ aliases, name }) =>
                aliases.length > 0 && choice.alias === aliases[0]
                  ? onAdd(`datum://${aliases[0]}`, name)
                  : onAdd(addressOf(datum), name)
              }
            />
          ))}
        </div>
      ) : list.error ? (
        <Message kind="error" title={trans.__('The files cannot be shown')} text={list.error.message} />
      ) : list.loaded ? (
        <Message title={trans.__('No file matches')} />
      ) : (
        <Message kind="busy" title={trans.__('Loading files…')} />
      )}
      <div className="valo-Form-actions">
        <button type="button" className="jp-mod-styled valo-Button" onClick={onClose}>
          {trans.__('Done')}
        </button>
      </div>
    </section>
  );
}
