/** The data stores of a project, the built-in one last. */
import type { IStore, IStoreKind } from '../api/dataTypes';
import { formatAgo, formatTime } from './format';
import { useTrans } from './trans';

export interface IStoreActions {
  edit: (store: IStore) => void;
  remove: (store: IStore) => void;
  test: (store: IStore) => void;
  /** Null: the built-in store. */
  makeDefault: (store: IStore | null) => void;
  /** The files in it. */
  files: (store: string) => void;
}

export function StoreTable(props: {
  stores: readonly IStore[];
  kinds: readonly IStoreKind[];
  /** Id of the one that is being tested. */
  testing: string | null;
  actions: IStoreActions;
}): JSX.Element {
  const trans = useTrans();
  const { stores, kinds, testing, actions } = props;
  const builtIn = !stores.some(store => store.default);
  return (
    <table className="valo-Table valo-Stores">
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Address')}</th>
          <th scope="col">{trans.__('Credentials')}</th>
          <th scope="col">{trans.__('Changed')}</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {stores.map(store => {
          const { id, name, type, url, credentials, installed, mtime } = store;
          const kind = kinds.find(known => known.type === type);
          return (
            <tr key={id} data-store={name}>
              <th scope="row">
                {name} {store.default && <span className="valo-Tag">{trans.__('default')}</span>}
                {!installed && (
                  <span className="valo-Warning valo-Stores-install">
                    {trans.__('Needs on the server:')} <code>{kind?.install}</code>
                  </span>
                )}
              </th>
              <td>
                <code>{url}</code>
              </td>
              <td>
                {Object.values(credentials).some(({ set }) => set) ? (
                  <span className="valo-Tag">{trans.__('set')}</span>
                ) : (
                  trans.__('of the machine')
                )}
              </td>
              <td title={formatTime(mtime)}>{formatAgo(mtime, 'short')}</td>
              <td className="valo-Registries-actions">
                {!store.default && (
                  <button
                    type="button"
                    className="valo-Chip"
                    aria-label={trans.__('Make %1 the default', name)}
                    onClick={() => actions.makeDefault(store)}
                  >
                    {trans.__('Make default')}
                  </button>
                )}
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Files in %1', name)}
                  onClick={() => actions.files(name)}
                >
                  {trans.__('Files')}
                </button>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Test %1', name)}
                  disabled={testing !== null}
                  onClick={() => actions.test(store)}
                >
                  {testing === id ? trans.__('Testing…') : trans.__('Test')}
                </button>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Edit %1', name)}
                  onClick={() => actions.edit(store)}
                >
                  {trans.__('Edit')}
                </button>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Delete %1', name)}
                  onClick={() => actions.remove(store)}
                >
                  {trans.__('Delete')}
                </button>
              </td>
            </tr>
          );
        })}
        <tr data-store="built-in">
          <th scope="row">
            {trans.__('Built-in store')} {builtIn && <span className="valo-Tag">{trans.__('default')}</span>}
          </th>
          <td colSpan={3} className="valo-Quiet">
            {trans.__('On the server’s own disk; for projects without a store, and for what a store does not take.')}
          </td>
          <td className="valo-Registries-actions">
            {!builtIn && (
              <button
                type="button"
                className="valo-Chip"
                aria-label={trans.__('Make the built-in store the default')}
                onClick={() => actions.makeDefault(null)}
              >
                {trans.__('Make default')}
              </button>
            )}
            <button
              type="button"
              className="valo-Chip"
              aria-label={trans.__('Files in the built-in store')}
              onClick={() => actions.files('built-in')}
            >
              {trans.__('Files')}
            </button>
          </td>
        </tr>
      </tbody>
    </table>
  );
}
