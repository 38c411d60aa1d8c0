/** A part of the sidebar, folded away until it is asked for. */
import { useId, type ReactNode } from 'react';

export function Section(props: {
  title: string;
  open: boolean;
  onToggle: (open: boolean) => void;
  /** Buttons at the right of its head. */
  actions?: ReactNode;
  children: ReactNode;
}): JSX.Element {
  const id = useId();
  const { title, open, onToggle, actions, children } = props;
  return (
    <section className="valo-Section" data-open={open || undefined}>
      <div className="valo-Section-head">
        <button
          type="button"
          className="valo-Section-toggle"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => onToggle(!open)}
        >
          <span className="valo-Output-arrow" aria-hidden="true" />
          {title}
        </button>
        {actions}
      </div>
      {open && (
        <div className="valo-Section-body" id={id}>
          {children}
        </div>
      )}
    </section>
  );
}
