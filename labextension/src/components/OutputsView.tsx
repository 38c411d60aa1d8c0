/** The files an execution left: name, tags, size, look, download; and those that are not in their store yet. */
import { useState, type ReactNode } from 'react';
import { asError } from '../api/errors';
import type { IOutputFile } from '../api/types';
import { formatBytes } from './format';
import { Message } from './Message';
import { useTrans } from './trans';

export function OutputsView(props: {
  outputs: readonly IOutputFile[];
  running: boolean;
  onDownload: (file: IOutputFile) => void;
  /** Bring to their store what could not be brought there. */
  onBring: () => Promise<{ moved: number; left: number; problem: string | null }>;
  /** What a file looks like; null when it cannot be shown. */
  preview: (file: IOutputFile) => ReactNode | null;
}): JSX.Element {
  const trans = useTrans();
  const { outputs, running, onDownload, onBring, preview } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (outputs.length === 0) {
    return running ? (
      <Message
        title={trans.__('No files yet')}
        text={trans.__(
          'What the notebook writes into its outputs folder appears here at the end, read-only files at once.'
        )}
      />
    ) : (
      <Message
        title={trans.__('No files')}
        text={trans.__(
          'Save files into the folder that valohai.outputs().path(name) or VH_OUTPUTS_DIR names to keep them.'
        )}
      />
    );
  }
  const toggle = (id: string) => {
    const next = new Set(open);
    if (!next.delete(id)) {
      next.add(id);
    }
    setOpen(next);
  };
  const away = outputs.filter(file => file.wanted_store && !file.purged);
  return (
    <>
      {away.length > 0 && !running && <Away files={away} onBring={onBring} />}
      <ul className="valo-Outputs" aria-label={trans.__('Files')}>
        {[...outputs]
          .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))
          .map(file => {
            const shown = open.has(file.id) ? preview(file) : null;
            return (
              <li key={file.id} className="valo-Output">
                <div className="valo-Output-line">
                  <button
                    type="button"
                    className="valo-Output-name"
                    aria-expanded={open.has(file.id)}
                    disabled={file.purged}
                    onClick={() => toggle(file.id)}
                    title={file.uri}
                  >
                    <span className="valo-Output-arrow" aria-hidden="true" />
                    {file.name}
                  </button>
                  {file.tags.length > 0 && (
                    <ul className="valo-Tags valo-List" aria-label={trans.__('Tags of %1', file.name)}>
                      {file.tags.map(tag => (
                        <li className="valo-Tag" key={tag} title={tag}>
                          {tag}
                        </li>
                      ))}
                    </ul>
                  )}
                  <span
                    className="valo-Output-size valo-Quiet"
                    title={trans.__('%1 bytes', file.size.toLocaleString())}
                  >
                    {file.purged ? trans.__('deleted') : formatBytes(file.size)}
                  </span>
                  {!file.purged && (
                    <button
                      type="button"
                      className="valo-Chip"
                      aria-label={trans.__('Download %1', file.name)}
                      onClick={() => onDownload(file)}
                    >
                      {trans.__('Download')}
                    </button>
                  )}
                </div>
                {open.has(file.id) && (
                  <div className="valo-Output-preview">
                    {shown ?? (
                      <p className="valo-Quiet">{trans.__('This kind of file is not shown here; download it.')}</p>
                    )}
                  </div>
                )}
              </li>
            );
          })}
      </ul>
    </>
  );
}

function Away(props: {
  files: readonly IOutputFile[];
  onBring: () => Promise<{ moved: number; left: number; problem: string | null }>;
}): JSX.Element {
  const trans = useTrans();
  const { files, onBring } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const stores = [...new Set(files.map(file => file.wanted_store?.name))].join(', ');
  const bring = async () => {
    setBusy(true);
    setProblem(null);
    try {
      setProblem((await onBring()).problem);
    } catch (reason) {
      setProblem(asError(reason).message);
    }
    setBusy(false);
  };
  return (
    <div className="valo-Stale valo-Away" role="status">
      <span>
        {trans._n(
          '%1 file could not be brought to the store %2; it is safe in the built-in store.',
          '%1 files could not be brought to the store %2; they are safe in the built-in store.',
          files.length,
          stores
        )}
      </span>
      <button type="button" className="jp-mod-styled valo-Button" disabled={busy} onClick={() => void bring()}>
        {busy ? trans.__('Bringing…') : trans.__('Bring to store')}
      </button>
      {problem && <p className="valo-Setting-error">{problem}</p>}
    </div>
  );
}
