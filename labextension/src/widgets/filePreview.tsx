/** What a file looks like: an image, a table, a page in a sandbox, or text. */
import { tsvParseRows, csvParseRows } from 'd3-dsv';
import { useEffect, useMemo, useState } from 'react';
import type { ValoAPI } from '../api/client';
import { asError, isAborted } from '../api/errors';
import { READ, readImage, readText } from '../api/files';
import type { IOutputFile } from '../api/types';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import type { PreviewKind } from '../model/preview';

const ROWS = 200;

interface IContent {
  text: string;
  cut: boolean;
  image: string | null;
}

export function FilePreview(props: { api: ValoAPI; file: IOutputFile; kind: PreviewKind }): JSX.Element {
  const trans = useTrans();
  const { api, file, kind } = props;
  const [content, setContent] = useState<IContent | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    let image: string | null = null;
    const load = async () => {
      const url = await api.downloadUrl(file.id);
      if (kind === 'image') {
        image = URL.createObjectURL(await readImage(url, file.name, abort.signal));
        setContent({ text: '', cut: false, image });
      } else {
        setContent({ ...(await readText(url, kind === 'html' ? file.size : READ, abort.signal)), image: null });
      }
    };
    load().catch(reason => {
      if (!isAborted(reason) && !abort.signal.aborted) {
        setProblem(asError(reason).message);
      }
    });
    return () => {
      abort.abort();
      if (image) {
        URL.revokeObjectURL(image);
      }
    };
  }, [api, file.id, file.name, file.size, kind]);

  if (problem) {
    return <Message kind="error" title={trans.__('The file cannot be shown here; download it')} text={problem} />;
  }
  if (!content) {
    return <Message kind="busy" title={trans.__('Loading…')} />;
  }
  if (content.image) {
    return <img className="valo-Preview-image" src={content.image} alt={file.name} />;
  }
  if (kind === 'html') {
    // no same-origin: a page of a run must not reach Jupyter
    return <iframe className="valo-Preview-page" sandbox="allow-scripts" srcDoc={content.text} title={file.name} />;
  }
  return (
    <>
      {kind === 'table' ? (
        <Table text={content.text} tabs={/\.tsv$/i.test(file.name)} cut={content.cut} />
      ) : (
        <pre className="valo-Preview-text">{content.text}</pre>
      )}
      {content.cut && (
        <p className="valo-Quiet">{trans.__('Only the beginning is shown; download the file to see all of it.')}</p>
      )}
    </>
  );
}

function Table(props: { text: string; tabs: boolean; cut: boolean }): JSX.Element {
  const { text, tabs, cut } = props;
  const trans = useTrans();
  const [head = [], ...rows] = useMemo(() => {
    const parsed = (tabs ? tsvParseRows : csvParseRows)(text);
    // the last row of a cut text is likely half a row
    return cut ? parsed.slice(0, -1) : parsed;
  }, [text, tabs, cut]);
  return (
    <>
      <table className="valo-Table valo-Preview-table">
        <thead>
          <tr>
            {head.map((name, column) => (
              <th scope="col" key={column}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, ROWS).map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > ROWS && <p className="valo-Quiet">{trans.__('The first %1 rows are shown.', ROWS)}</p>}
    </>
  );
}
