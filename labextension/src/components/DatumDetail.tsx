/** One file: what it looks like, what is known of it, and what can be done with it. */
import { useState, type ReactNode } from 'react';
import type { IAliasChange, IDatum } from '../api/dataTypes';
import { CopyButton } from './CopyButton';
import { useStoreWords } from './DatumRow';
import { Facts } from './Facts';
import { formatAgo, formatBytes, formatTime, formatValue } from './format';
import { IconButton } from './IconButton';
import { TagEditor } from './TagEditor';
import { useTrans } from './trans';

export interface IDatumActions {
  close: () => void;
  download: (datum: IDatum) => void;
  use: (datum: IDatum) => void;
  trace: (datum: IDatum) => void;
  purge: (datum: IDatum) => void;
  tag: (datum: IDatum, tags: string[]) => void;
  alias: (datum: IDatum, aliases: string[]) => void;
  /** What an alias meant before, newest first. */
  history: (alias: string) => Promise<readonly IAliasChange[]>;
  openExecution: (execution: { id: string }) => void;
  openDataset: (dataset: string) => void;
}

export function DatumDetail(props: {
  datum: IDatum;
  address: string;
  /** Null: files of this kind are not shown. */
  preview: ReactNode | null;
  actions: IDatumActions;
}): JSX.Element {
  const trans = useTrans();
  const { datum, address, preview, actions } = props;
  const stored = useStoreWords();
  const { name, purged, output_execution: made, wanted_store: wanted, creator } = datum;
  const metadata = Object.entries(datum.metadata).filter(([key]) => !key.startsWith('valohai.'));
  return (
    <aside className="valo-Datum" aria-label={trans.__('File %1', name)}>
      <div className="valo-Datum-head">
        <h3 title={name}>{name}</h3>
        <IconButton icon="remove" label={trans.__('Close %1', name)} onClick={actions.close} />
      </div>
      <div className="valo-Chips valo-Datum-actions">
        {!purged && (
          <>
            <button type="button" className="valo-Chip" onClick={() => actions.download(datum)}>
              {trans.__('Download')}
            </button>
            <button type="button" className="valo-Chip" onClick={() => actions.use(datum)}>
              {trans.__('Use as input')}
            </button>
          </>
        )}
        <CopyButton text={address} label={trans.__('Copy address')} />
        <button type="button" className="valo-Chip" onClick={() => actions.trace(datum)}>
          {trans.__('Trace')}
        </button>
        {!purged && (
          <button type="button" className="valo-Chip" onClick={() => actions.purge(datum)}>
            {trans.__('Purge…')}
          </button>
        )}
      </div>
      {wanted && (
        <p className="valo-Stale">
          {trans.__(
            'It could not be brought to the store %1 and is safe in the built-in store; see the Outputs of its execution.',
            wanted.name
          )}
        </p>
      )}
      <div className="valo-Datum-preview">
        {purged ? (
          <p className="valo-Quiet">{trans.__('Its content was purged; the record remains.')}</p>
        ) : (
          (preview ?? <p className="valo-Quiet">{trans.__('This kind of file is not shown here; download it.')}</p>)
        )}
      </div>
      <Facts
        title={trans.__('About it')}
        facts={[
          [trans.__('Tags'), <TagEditor key="tags" tags={datum.tags} onChange={tags => actions.tag(datum, tags)} />],
          [
            trans.__('Aliases'),
            <TagEditor
              key="aliases"
              kind="alias"
              tags={datum.aliases}
              onChange={aliases => actions.alias(datum, aliases)}
            />
          ],
          [
            trans.__('Size'),
            datum.size < 1000
              ? formatBytes(datum.size)
              : trans.__('%1 (%2 bytes)', formatBytes(datum.size), datum.size.toLocaleString())
          ],
          [trans.__('Address'), <code key="address">{address}</code>],
          [trans.__('Store'), stored(datum)],
          [trans.__('Stored as'), <code key="uri">{datum.uri}</code>],
          made && [
            trans.__('Made by'),
            <button
              key="made"
              type="button"
              className="valo-Link"
              onClick={() => actions.openExecution(made)}
            >{`#${made.counter}`}</button>
          ],
          [
            trans.__('Created'),
            <span key="created" title={formatTime(datum.ctime)}>
              {creator ? trans.__('%1 by %2', formatAgo(datum.ctime), creator.username) : formatAgo(datum.ctime)}
            </span>
          ],
          datum.datasets.length > 0 && [
            trans.__('In datasets'),
            <span key="datasets">
              {datum.datasets.map(({ dataset, version }) => (
                <button
                  key={`${dataset}/${version}`}
                  type="button"
                  className="valo-Link valo-Datum-dataset"
                  onClick={() => actions.openDataset(dataset)}
                >
                  {`${dataset}/${version}`}
                </button>
              ))}
            </span>
          ],
          [trans.__('Version'), datum.version],
          ...(['sha256', 'sha1', 'md5'] as const).map((kind): [string, ReactNode] => [
            kind,
            datum[kind] && <code>{datum[kind]}</code>
          ])
        ]}
      />
      <Facts
        title={trans.__('Metadata')}
        facts={metadata.map(([key, value]): [string, ReactNode] => [key, formatValue(value)])}
      />
      {datum.aliases.map(alias => (
        <AliasHistory key={`${datum.id}:${alias}`} alias={alias} load={actions.history} />
      ))}
    </aside>
  );
}

function AliasHistory(props: { alias: string; load: IDatumActions['history'] }): JSX.Element {
  const trans = useTrans();
  const { alias, load } = props;
  const [changes, setChanges] = useState<readonly IAliasChange[] | null>(null);
  return (
    <details
      className="valo-AliasHistory"
      onToggle={event => {
        if (event.currentTarget.open && changes === null) {
          load(alias).then(setChanges, () => setChanges([]));
        }
      }}
    >
      <summary>{trans.__('History of the alias %1', alias)}</summary>
      <ol className="valo-List">
        {(changes ?? []).map(({ datum, user, execution, time }) => (
          <li key={time} title={formatTime(time)}>
            {datum?.name ?? trans.__('no file')}{' '}
            <span className="valo-Quiet">
              {[execution && `#${execution.counter}`, user?.username, formatAgo(time)].filter(Boolean).join(' · ')}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
