/** A button that copies a text, and says so. */
import { Clipboard } from '@jupyterlab/apputils';
import { useEffect, useState } from 'react';
import { useTrans } from './trans';

const SHOWN = 1_500;

export function CopyButton(props: { text: string; label: string; className?: string }): JSX.Element {
  const trans = useTrans();
  const { text, label, className = 'valo-Chip' } = props;
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied ? setTimeout(() => setCopied(false), SHOWN) : undefined;
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      className={className}
      title={text}
      onClick={() => {
        Clipboard.copyToSystem(text);
        setCopied(true);
      }}
    >
      <span aria-live="polite">{copied ? trans.__('Copied') : label}</span>
    </button>
  );
}
