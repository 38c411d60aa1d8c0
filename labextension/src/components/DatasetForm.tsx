/** Makes a version of a dataset of the files that are chosen. */
import { useId, useState } from 'react';
import type { IDataset } from '../api/dataTypes';
import { PanelForm } from './PanelForm';
import { useTrans } from './trans';

export function DatasetForm(props: {
  datasets: readonly IDataset[];
  /** How many files are chosen. */
  count: number;
  onCreate: (dataset: string, version: string) => Promise<unknown>;
  onClose: () => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { datasets, count, onCreate, onClose } = props;
  const [dataset, setDataset] = useState('');
  const [typed, setTyped] = useState<string | null>(null);
  const known = datasets.find(({ name }) => name === dataset.trim());
  const version = typed ?? `v${(known?.versions.length ?? 0) + 1}`;
  return (
    <PanelForm
      label={trans.__('New dataset version')}
      about={trans._n(
        'A version of a dataset with the %1 file that is chosen. It does not change any more.',
        'A version of a dataset with the %1 files that are chosen. It does not change any more.',
        count
      )}
      verb={trans.__('Create version')}
      doing={trans.__('Creating…')}
      ready={dataset.trim() !== '' && version.trim() !== '' && count > 0}
      onSubmit={async () => {
        await onCreate(dataset.trim(), version.trim());
        onClose();
      }}
      onClose={onClose}
    >
      <div className="valo-Field">
        <label htmlFor={`${id}-dataset`}>{trans.__('Dataset')}</label>
        <input
          id={`${id}-dataset`}
          className="jp-mod-styled"
          list={`${id}-known`}
          placeholder={trans.__('a new one, or one that is there')}
          value={dataset}
          onChange={event => setDataset(event.target.value)}
        />
        <datalist id={`${id}-known`}>
          {datasets.map(({ id: key, name }) => (
            <option key={key} value={name} />
          ))}
        </datalist>
      </div>
      <div className="valo-Field">
        <label htmlFor={`${id}-version`}>{trans.__('Version')}</label>
        <input
          id={`${id}-version`}
          className="jp-mod-styled"
          value={version}
          onChange={event => setTyped(event.target.value)}
        />
      </div>
    </PanelForm>
  );
}
