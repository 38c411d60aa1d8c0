/** Makes files known that are in a store already: addresses, one a line, and what came of each. */
import { useId, useState } from 'react';
import type { IAdoption, IStore } from '../api/dataTypes';
import { PanelForm } from './PanelForm';
import { useTrans } from './trans';

export function AdoptForm(props: {
  stores: readonly IStore[];
  onAdopt: (store: IStore, urls: string[], tags: string[]) => Promise<IAdoption>;
  onStores: () => void;
  onClose: () => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { stores, onAdopt, onStores, onClose } = props;
  const [text, setText] = useState('');
  const [tags, setTags] = useState('');
  const [chosen, setChosen] = useState(stores[0]?.id ?? '');
  const [answer, setAnswer] = useState<IAdoption | null>(null);
  const urls = pieces(text, '\n');
  // what is typed says which store is meant
  const store = stores.find(({ url }) => urls[0]?.startsWith(url)) ?? stores.find(known => known.id === chosen);
  const adopt = async () => {
    if (store) {
      setAnswer(null);
      const found = await onAdopt(store, urls, pieces(tags, ','));
      setAnswer(found);
      // those that failed stay to be put right
      setText(found.errors.map(({ url }) => url).join('\n'));
    }
  };
  if (stores.length === 0) {
    return (
      <section className="valo-Panel" aria-label={trans.__('Adopt files')}>
        <p>{trans.__('Files are adopted from a data store of the project, and it has none yet.')}</p>
        <div className="valo-Form-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={onClose}>
            {trans.__('Cancel')}
          </button>
          <button type="button" className="jp-mod-styled jp-mod-accept valo-Button" onClick={onStores}>
            {trans.__('Data stores')}
          </button>
        </div>
      </section>
    );
  }
  return (
    <PanelForm
      label={trans.__('Adopt files')}
      about={trans.__('Make files known that are in a store already. They stay where they are.')}
      verb={trans.__('Adopt')}
      doing={trans.__('Adopting…')}
      ready={urls.length > 0 && store !== undefined}
      done={answer !== null}
      onSubmit={adopt}
      onClose={onClose}
    >
      <div className="valo-Field">
        <label htmlFor={`${id}-store`}>{trans.__('Store')}</label>
        <select
          id={`${id}-store`}
          className="valo-Select"
          value={store?.id ?? ''}
          onChange={event => setChosen(event.target.value)}
        >
          {stores.map(known => (
            <option key={known.id} value={known.id}>
              {known.name}
            </option>
          ))}
        </select>
      </div>
      <div className="valo-Field">
        <label htmlFor={`${id}-urls`}>{trans.__('Addresses')}</label>
        <textarea
          id={`${id}-urls`}
          className="jp-mod-styled"
          rows={4}
          spellCheck={false}
          placeholder={`${store?.url ?? ''}train.csv\n${store?.url ?? ''}images/*.png`}
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <span className="valo-Field-hint">{trans.__('one a line; * and ** stand for many files')}</span>
      </div>
      <div className="valo-Field">
        <label htmlFor={`${id}-tags`}>{trans.__('Tags')}</label>
        <input
          id={`${id}-tags`}
          className="jp-mod-styled"
          placeholder={trans.__('separated by commas')}
          value={tags}
          onChange={event => setTags(event.target.value)}
        />
      </div>
      <div role="status">
        {answer && (
          <p>
            {trans.__(
              '%1 adopted, %2 known already, %3 not adopted.',
              Object.keys(answer.created).length,
              Object.keys(answer.existing).length,
              answer.errors.length
            )}
          </p>
        )}
        {answer && answer.errors.length > 0 && (
          <ul className="valo-Setting-error">
            {answer.errors.map(({ url, message }) => (
              <li key={url}>
                <code>{url}</code> {message}
              </li>
            ))}
          </ul>
        )}
      </div>
    </PanelForm>
  );
}

function pieces(text: string, by: string): string[] {
  return text
    .split(by)
    .map(piece => piece.trim())
    .filter(Boolean);
}
