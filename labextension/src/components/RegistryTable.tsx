/** The entries for private registries, each with a test of it. */
import { useState } from 'react';
import { asError } from '../api/errors';
import type { IRegistry, IRegistryTest } from '../api/pool';
import { formatAgo, formatTime } from './format';
import { registryTypes } from './registryFields';
import { useTrans } from './trans';

export interface IRegistryActions {
  edit: (registry: IRegistry) => void;
  remove: (registry: IRegistry) => void;
  test: (registry: IRegistry, image: string) => Promise<IRegistryTest>;
}

export function RegistryTable(props: { registries: readonly IRegistry[]; actions: IRegistryActions }): JSX.Element {
  const trans = useTrans();
  const { registries, actions } = props;
  const types = registryTypes(trans);
  const [testing, setTesting] = useState<string | null>(null);
  return (
    <table className="valo-Table valo-Registries">
      <thead>
        <tr>
          <th scope="col">{trans.__('Images')}</th>
          <th scope="col">{trans.__('Type')}</th>
          <th scope="col">{trans.__('User name')}</th>
          <th scope="col">{trans.__('Password')}</th>
          <th scope="col">{trans.__('Changed')}</th>
          <td />
        </tr>
      </thead>
      {registries.map(registry => {
        const { id, match, type, username, password, mtime } = registry;
        return (
          <tbody key={id} data-match={match}>
            <tr>
              <th scope="row">
                <code>{match}</code>
              </th>
              <td>{types[type] ?? type}</td>
              <td>{username}</td>
              <td>{password.set ? <span className="valo-Tag">{trans.__('set')}</span> : trans.__('none')}</td>
              <td title={formatTime(mtime)}>{formatAgo(mtime)}</td>
              <td className="valo-Registries-actions">
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Test %1', match)}
                  aria-expanded={testing === id}
                  onClick={() => setTesting(testing === id ? null : id)}
                >
                  {trans.__('Test')}
                </button>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Edit %1', match)}
                  onClick={() => actions.edit(registry)}
                >
                  {trans.__('Edit')}
                </button>
                <button
                  type="button"
                  className="valo-Chip"
                  aria-label={trans.__('Delete %1', match)}
                  onClick={() => actions.remove(registry)}
                >
                  {trans.__('Delete')}
                </button>
              </td>
            </tr>
            {testing === id && (
              <tr>
                <td colSpan={6}>
                  <RegistryTest registry={registry} test={actions.test} />
                </td>
              </tr>
            )}
          </tbody>
        );
      })}
    </table>
  );
}

function RegistryTest(props: { registry: IRegistry; test: IRegistryActions['test'] }): JSX.Element {
  const trans = useTrans();
  const { registry, test } = props;
  const [image, setImage] = useState('');
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<IRegistryTest | null>(null);
  const run = async () => {
    setBusy(true);
    setAnswer(null);
    setAnswer(
      await test(registry, image.trim()).catch(reason => ({
        ok: false,
        message: asError(reason).message,
        image: null,
        digest: null
      }))
    );
    setBusy(false);
  };
  return (
    <form
      className="valo-Bar valo-RegistryTest"
      onSubmit={event => {
        event.preventDefault();
        void run();
      }}
    >
      <input
        className="jp-mod-styled"
        aria-label={trans.__('Image to ask for')}
        placeholder={trans.__('an image of it; empty: the login only')}
        value={image}
        onChange={event => setImage(event.target.value)}
      />
      <button type="submit" className="jp-mod-styled valo-Button" disabled={busy}>
        {busy ? trans.__('Asking…') : trans.__('Ask the registry')}
      </button>
      <span role="status" data-ok={answer?.ok} className="valo-RegistryTest-answer">
        {answer && (
          <>
            {answer.ok ? '✓ ' : '✗ '}
            {answer.message}
            {answer.digest && <code title={answer.digest}> {answer.digest.slice(0, 19)}…</code>}
          </>
        )}
      </span>
    </form>
  );
}
