/** The file that is open beside the table: asked for, changed, downloaded, purged. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { asError, isAborted } from '../api/errors';
import type { IDatum } from '../api/dataTypes';
import { DatumDetail, type IDatumActions } from '../components/DatumDetail';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import { aliasHistory, setAliases } from '../model/aliases';
import { addressOf } from '../model/data';
import { confirmed } from './confirmDelete';
import type { IDataPageProps } from './dataPage';
import { previewOf } from './filePreview';
import { askPurge } from './purge';

export function DatumPane(
  props: IDataPageProps & {
    id: string;
    /** As the list has it; null when it is not in the list. */
    row: IDatum | null;
    onChanged: (datum: IDatum) => void;
    onClose: () => void;
  }
): JSX.Element {
  const trans = useTrans();
  const { valo, id, row, renderers, actions, onChanged, onClose } = props;
  const api = valo.api.data;
  const [datum, setDatum] = useState<IDatum | null>(row);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    api.datum(id, abort.signal).then(setDatum, reason => {
      if (!isAborted(reason)) {
        setProblem(asError(reason).message);
      }
    });
    return () => abort.abort();
  }, [api, id]);
  // what becomes of it elsewhere on the page is seen here
  useEffect(() => {
    if (row) {
      setDatum(row);
    }
  }, [row]);
  const change = useCallback(
    async (ask: () => Promise<IDatum>) => {
      try {
        const changed = await ask();
        setDatum(changed);
        onChanged(changed);
      } catch (reason) {
        actions.failed(reason);
      }
    },
    [actions, onChanged]
  );
  // drawn once for a file: a change of its tags does not load it anew
  const { name, size } = datum ?? { name: '', size: 0 };
  const preview = useMemo(
    () => (name ? previewOf({ api, file: { id, name, size }, renderers }) : null),
    [api, id, name, size, renderers]
  );
  if (!datum) {
    return (
      <aside className="valo-Datum">
        {problem === null ? (
          <Message kind="busy" title={trans.__('Loading…')} />
        ) : (
          <Message kind="error" title={trans.__('The file cannot be shown')} text={problem}>
            <button type="button" className="jp-mod-styled valo-Button" onClick={onClose}>
              {trans.__('Close')}
            </button>
          </Message>
        )}
      </aside>
    );
  }
  const own: IDatumActions = {
    close: onClose,
    download: actions.download,
    use: file => actions.use([{ address: addressOf(file), name: file.name }]),
    trace: file => actions.openTrace({ type: 'datum', id: file.id }),
    openExecution: actions.openExecution,
    openDataset: actions.openDatasets,
    tag: (file, tags) => void change(() => api.change(file.id, { tags })),
    alias: (file, aliases) =>
      void change(() =>
        setAliases(api, file, aliases, (alias, from) =>
          confirmed(
            trans,
            trans.__('Move the alias %1?', alias),
            trans.__('It means %1 now, and would mean %2 from here on.', from.name, file.name),
            trans.__('Move it')
          )
        )
      ),
    history: alias => aliasHistory(api, datum.project, alias),
    purge: file =>
      void askPurge(trans, api, [file]).then(
        purged => (purged ? change(() => api.datum(file.id)) : undefined),
        actions.failed
      )
  };
  return <DatumDetail datum={datum} address={addressOf(datum)} preview={preview} actions={own} />;
}
