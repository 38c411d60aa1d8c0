/** A small form on a page, such as one that adopts files: it says what it waits for, and what went wrong. */
import { useState, type ReactNode } from 'react';
import { asError } from '../api/errors';
import { useTrans } from './trans';

export function PanelForm(props: {
  label: string;
  /** What it does, in a sentence. */
  about: string;
  /** The words of its button, and of that button while it works. */
  verb: string;
  doing: string;
  /** Whether all that is needed stands there. */
  ready: boolean;
  /** Whether something came of it, which closing does not take back. */
  done?: boolean;
  onSubmit: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}): JSX.Element {
  const trans = useTrans();
  const { label, about, verb, doing, ready, done, onSubmit, onClose, children } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onSubmit();
    } catch (reason) {
      setProblem(asError(reason).message);
    }
    setBusy(false);
  };
  return (
    <form
      className="valo-Panel"
      aria-label={label}
      onSubmit={event => {
        event.preventDefault();
        void submit();
      }}
    >
      <p>{about}</p>
      {children}
      {problem && (
        <p className="valo-Setting-error" role="alert">
          {problem}
        </p>
      )}
      <div className="valo-Form-actions">
        <button type="button" className="jp-mod-styled valo-Button" onClick={onClose}>
          {done ? trans.__('Close') : trans.__('Cancel')}
        </button>
        <button type="submit" className="jp-mod-styled jp-mod-accept valo-Button" disabled={busy || !ready}>
          {busy ? doing : verb}
        </button>
      </div>
    </form>
  );
}
