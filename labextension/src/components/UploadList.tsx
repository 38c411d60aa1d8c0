/** Files on their way: how far each is, and what can be done with it. */
import { useState } from 'react';
import type { IUploadItem } from '../model/uploads';
import { formatBytes } from './format';
import { pickFiles } from './pickFiles';
import { useTrans } from './trans';

export interface IUploadActions {
  cancel: (key: number) => void;
  /** Go on with it; false when the file is another one. */
  resume: (key: number, file?: File) => boolean;
  clear: () => void;
}

export function UploadList(props: { items: readonly IUploadItem[]; actions: IUploadActions }): JSX.Element | null {
  const trans = useTrans();
  const { items, actions } = props;
  if (items.length === 0) {
    return null;
  }
  const done = items.filter(({ state }) => state === 'done').length;
  return (
    <section className="valo-Uploads" aria-label={trans.__('Uploads')}>
      <ul className="valo-List">
        {items.map(item => (
          <Upload key={item.key} item={item} actions={actions} />
        ))}
      </ul>
      {done > 0 && (
        <button type="button" className="valo-Link" onClick={actions.clear}>
          {trans._n('Take %1 that has arrived off the list', 'Take %1 that have arrived off the list', done)}
        </button>
      )}
    </section>
  );
}

function Upload(props: { item: IUploadItem; actions: IUploadActions }): JSX.Element {
  const trans = useTrans();
  const { item, actions } = props;
  const { key, name, size, state, received, error } = item;
  const [other, setOther] = useState(false);
  const part = size ? received / size : state === 'done' ? 1 : 0;
  const words = {
    waiting: trans.__('waiting'),
    sending: trans.__('%1 of %2', formatBytes(received), formatBytes(size)),
    failed: trans.__('not sent'),
    lost: trans.__('%1 of %2 arrived', formatBytes(received), formatBytes(size)),
    done: formatBytes(size)
  }[state];
  const again = () => {
    if (actions.resume(key)) {
      return;
    }
    pickFiles(false, ([chosen]) => setOther(chosen !== undefined && !actions.resume(key, chosen.file)));
  };
  return (
    <li className="valo-Upload" data-upload={state}>
      <div className="valo-Upload-line">
        <span className="valo-Upload-name" title={name}>
          {state === 'done' && <span aria-hidden="true">✓ </span>}
          {name}
        </span>
        <span className="valo-Quiet">{words}</span>
        {(state === 'failed' || state === 'lost') && (
          <button
            type="button"
            className="valo-Chip"
            aria-label={trans.__('Go on with %1', name)}
            title={state === 'lost' ? trans.__('The page was loaded anew: choose the file once more') : undefined}
            onClick={again}
          >
            {state === 'lost' ? trans.__('Choose the file…') : trans.__('Go on')}
          </button>
        )}
        {state !== 'done' && (
          <button
            type="button"
            className="valo-Chip"
            aria-label={trans.__('Cancel the upload of %1', name)}
            onClick={() => actions.cancel(key)}
          >
            {trans.__('Cancel')}
          </button>
        )}
      </div>
      {state !== 'done' && <progress aria-label={trans.__('Upload of %1', name)} max={1} value={part} />}
      {error && (
        <p className="valo-Setting-error" role="alert">
          {error.message}
        </p>
      )}
      {other && (
        <p className="valo-Setting-error" role="alert">
          {trans.__('This is another file, or it was changed since; choose the one that the upload was begun with.')}
        </p>
      )}
    </li>
  );
}
