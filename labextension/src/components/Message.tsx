/** What stands where there is nothing to show: what happened, why, and the next step. */
import type { ReactNode } from 'react';

export function Message(props: {
  title: string;
  text?: string;
  kind?: 'empty' | 'error' | 'busy';
  children?: ReactNode;
}): JSX.Element {
  const { kind = 'empty' } = props;
  return (
    <div className="valo-Message" data-kind={kind} role={kind === 'error' ? 'alert' : 'status'}>
      {kind === 'busy' && <span className="valo-Spinner" aria-hidden="true" />}
      <p className="valo-Message-title">{props.title}</p>
      {props.text && <p className="valo-Message-text">{props.text}</p>}
      {props.children && <div className="valo-Message-actions">{props.children}</div>}
    </div>
  );
}
