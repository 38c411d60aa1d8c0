/** Tabs of a page, by the WAI-ARIA pattern: arrow keys move, only the chosen panel exists. */
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';

export interface ITab<T extends string> {
  id: T;
  label: string;
  /** How many things are inside; not shown when undefined. */
  count?: number;
}

export function Tabs<T extends string>(props: {
  tabs: readonly ITab<T>[];
  current: T;
  onChange: (tab: T) => void;
  label: string;
  children: ReactNode;
}): JSX.Element {
  const { tabs, current, onChange } = props;
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const handleKey = (event: KeyboardEvent) => {
    const index = tabs.findIndex(tab => tab.id === current);
    const next = {
      ArrowRight: (index + 1) % tabs.length,
      ArrowLeft: (index + tabs.length - 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      onChange(tabs[next].id);
      list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next].focus();
    }
  };
  return (
    <>
      <div className="valo-Tabs" role="tablist" aria-label={props.label} ref={list}>
        {tabs.map(tab => (
          <button
            type="button"
            key={tab.id}
            id={`${base}-${tab.id}`}
            className="valo-Tab"
            role="tab"
            data-tab={tab.id}
            aria-selected={tab.id === current}
            aria-controls={`${base}-panel`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onChange(tab.id)}
            onKeyDown={handleKey}
          >
            {tab.label}
            {tab.count !== undefined && tab.count > 0 && <span className="valo-Tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div className="valo-TabPanel" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current}`}>
        {props.children}
      </div>
    </>
  );
}
