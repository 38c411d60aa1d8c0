/** What a file looks like: an image, a table, a notebook, a page in a sandbox, something to hear, or text. */
import { tsvParseRows, csvParseRows } from 'd3-dsv';
import { lazy, Suspense, useEffect, useMemo, useState, type ReactNode } from 'react';
import type { DataAPI } from '../api/data';
import { asError, isAborted, ValoError } from '../api/errors';
import { READ, readBlob, readText, type IFile } from '../api/files';
import { Message } from '../components/Message';
import { PreviewTable } from '../components/PreviewTable';
import { useTrans } from '../components/trans';
import { indented, previewKind, type PreviewKind } from '../model/preview';
import type { IRenderers } from './renderers';

// what reads these is fetched when one is first looked at
const ParquetPreview = lazy(() => import('./parquetPreview'));
const NotebookPreview = lazy(() => import('./notebookPreview'));

export interface IPreviewProps {
  api: DataAPI;
  file: IFile;
  renderers: IRenderers;
}

/** Null when a file of this kind cannot be shown. */
export function previewOf(props: IPreviewProps): ReactNode | null {
  const kind = previewKind(props.file.name, props.file.size);
  return kind && <FilePreview key={props.file.id} {...props} kind={kind} />;
}

function FilePreview(props: IPreviewProps & { kind: PreviewKind }): JSX.Element {
  const trans = useTrans();
  const { kind } = props;
  const Body = {
    image: BytesPreview,
    audio: BytesPreview,
    parquet: ParquetPreview,
    notebook: NotebookPreview,
    table: TextPreview,
    html: TextPreview,
    json: TextPreview,
    text: TextPreview
  }[kind];
  return (
    <Suspense fallback={<Message kind="busy" title={trans.__('Loading…')} />}>
      <Body {...props} />
    </Suspense>
  );
}

function BytesPreview(props: IPreviewProps & { kind: PreviewKind }): JSX.Element {
  const trans = useTrans();
  const { api, file, kind } = props;
  const { value: blob, state } = useContent(signal => readBlob(api, file, signal), [api, file.id]);
  const [url, setUrl] = useState<string | null>(null);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    if (!blob) {
      return;
    }
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (!url) {
    return state;
  }
  if (broken) {
    return (
      <NotShown
        text={
          kind === 'audio'
            ? trans.__('It is no sound that this browser plays.')
            : trans.__('It is no image that this browser shows.')
        }
      />
    );
  }
  return kind === 'audio' ? (
    // whoever made it knows what is said in it; there are no captions to be had
    // eslint-disable-next-line jsx-a11y/media-has-caption
    <audio className="valo-Preview-audio" controls src={url} aria-label={file.name} onError={() => setBroken(true)} />
  ) : (
    <img className="valo-Preview-image" src={url} alt={file.name} onError={() => setBroken(true)} />
  );
}

function TextPreview(props: IPreviewProps & { kind: PreviewKind }): JSX.Element {
  const trans = useTrans();
  const { api, file, kind } = props;
  const most = kind === 'html' ? file.size : READ;
  const { value: content, state } = useContent(signal => readText(api, file, most, signal), [api, file.id, most]);
  if (!content) {
    return state;
  }
  const { text, cut } = content;
  if (text.includes('\0')) {
    return <NotShown text={trans.__('It is no text, whatever its name says.')} />;
  }
  if (text === '') {
    return <p className="valo-Quiet">{trans.__('The file is empty.')}</p>;
  }
  if (kind === 'html') {
    // no same-origin: a page of a run must not reach Jupyter
    return <iframe className="valo-Preview-page" sandbox="allow-scripts" srcDoc={text} title={file.name} />;
  }
  return (
    <>
      {kind === 'table' ? (
        <Table text={text} tabs={/\.tsv$/i.test(file.name)} cut={cut} />
      ) : (
        <pre className="valo-Preview-text">{kind === 'json' && !cut ? indented(text) : text}</pre>
      )}
      {cut && (
        <p className="valo-Quiet">{trans.__('Only the beginning is shown; download the file to see all of it.')}</p>
      )}
    </>
  );
}

function Table(props: { text: string; tabs: boolean; cut: boolean }): JSX.Element {
  const { text, tabs, cut } = props;
  const [head = [], ...rows] = useMemo(() => {
    const parsed = (tabs ? tsvParseRows : csvParseRows)(text);
    // the last row of a cut text is likely half a row
    return cut ? parsed.slice(0, -1) : parsed;
  }, [text, tabs, cut]);
  return <PreviewTable head={head} rows={rows} />;
}

/** What `load` brings, and what stands there until then, or instead. */
export function useContent<T>(
  load: (signal: AbortSignal) => Promise<T>,
  of: readonly unknown[]
): { value: T | null; state: JSX.Element } {
  const trans = useTrans();
  const [value, setValue] = useState<T | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    setProblem(null);
    const abort = new AbortController();
    load(abort.signal).then(
      loaded => !abort.signal.aborted && setValue(loaded),
      reason => {
        if (!isAborted(reason) && !abort.signal.aborted) {
          setProblem(reason);
        }
      }
    );
    return () => abort.abort();
    // `of` is what is loaded
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [...of, tries]);
  const state =
    problem === null ? (
      <Message kind="busy" title={trans.__('Loading…')} />
    ) : problem instanceof ValoError ? (
      // its store does not answer, say: another time it may
      <Message kind="error" title={trans.__('The file cannot be read')} text={problem.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={() => setTries(tries + 1)}>
          {trans.__('Try again')}
        </button>
      </Message>
    ) : (
      <NotShown text={asError(problem).message} />
    );
  return { value, state };
}

function NotShown(props: { text: string }): JSX.Element {
  const trans = useTrans();
  return <Message kind="error" title={trans.__('The file cannot be shown here; download it')} text={props.text} />;
}
