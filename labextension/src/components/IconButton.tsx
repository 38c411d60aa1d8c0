/** A button that is a drawing; its label is read and shown on hover. */
import type { MouseEvent } from 'react';

const PATHS = {
  add: 'M8 3v10M3 8h10',
  menu: 'M4 8h.01M8 8h.01M12 8h.01',
  upload: 'M8 11V3.5M4.8 6.5 8 3.3l3.2 3.2M3 13h10',
  page: 'M6.5 3.5h-3v9h9v-3M9.5 3.5h3v3M12.5 3.5l-5 5',
  remove: 'M4.5 4.5l7 7M11.5 4.5l-7 7'
};

export function IconButton(props: {
  icon: keyof typeof PATHS;
  label: string;
  menu?: boolean;
  onClick: (event: MouseEvent<HTMLButtonElement>) => void;
}): JSX.Element {
  const { icon, label, menu, onClick } = props;
  return (
    <button
      type="button"
      className="valo-Icon"
      title={label}
      aria-label={label}
      aria-haspopup={menu ? 'menu' : undefined}
      onClick={onClick}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d={PATHS[icon]} />
      </svg>
    </button>
  );
}
