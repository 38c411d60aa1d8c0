/** Makes a version of a dataset of the files that are chosen. */
import { useId, useState } from 'react';
import { asError } from '../api/errors';
import type { IDataset } from '../api/dataTypes';
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
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const known = datasets.find(({ name }) => name === dataset.trim());
  const version = typed ?? `v${(known?.versions.length ?? 0) + 1}`;
  const create = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onCreate(dataset.trim(), version.trim());
      onClose();
    } catch (reason) {
      setProblem(asError(reason).message);
      setBusy(false);
    }
  };
  return (
    <form
      className="valo-Panel"
      aria-label={trans.__('New dataset version')}
      onSubmit={event => {
        event.preventDefault();
        void create();
      }}
    >
      <p>
        {trans._n(
          'A version of a dataset with the %1 file that is chosen. It does not change any more.',
          'A version of a dataset with the %1 files that are chosen. It does not change any more.',
          count
        )}
      </p>
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
      {problem && (
        <p className="valo-Setting-error" role="alert">
          {problem}
        </p>
      )}
      <div className="valo-Form-actions">
        <button type="button" className="jp-mod-styled valo-Button" onClick={onClose}>
          {trans.__('Cancel')}
        </button>
        <button
          type="submit"
          className="jp-mod-styled jp-mod-accept valo-Button"
          disabled={busy || !dataset.trim() || !version.trim() || count === 0}
        >
          {trans.__('Create version')}
        </button>
      </div>
    </form>
  );
}
