/** Shows a card beside something while the pointer or the focus rests on it. */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';

const PAUSE = 350;
const GAP = 4;
const WIDTH = 260;

export function Hover(props: {
  card: () => ReactNode;
  /** Draws the thing; `describedBy` names the card to screen readers while it is shown. */
  children: (describedBy: string | undefined) => ReactNode;
}): JSX.Element {
  const id = useId();
  const host = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const [place, setPlace] = useState<{ left: number; top?: number; bottom?: number } | null>(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!place) {
      return;
    }
    const hide = () => setPlace(null);
    const escape = (event: globalThis.KeyboardEvent) => event.key === 'Escape' && hide();
    document.addEventListener('keydown', escape);
    // what scrolls away takes its card along
    document.addEventListener('scroll', hide, true);
    return () => {
      document.removeEventListener('keydown', escape);
      document.removeEventListener('scroll', hide, true);
    };
  }, [place]);
  const show = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const box = host.current?.getBoundingClientRect();
      if (box) {
        const left = Math.max(GAP, Math.min(box.left, window.innerWidth - WIDTH - GAP));
        // where there is more room
        const below = box.top + box.bottom <= window.innerHeight;
        setPlace(below ? { left, top: box.bottom + GAP } : { left, bottom: window.innerHeight - box.top + GAP });
      }
    }, PAUSE);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setPlace(null);
  };
  return (
    <span
      ref={host}
      className="valo-Hover"
      onPointerEnter={show}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={show}
      onBlur={hide}
    >
      {props.children(place ? id : undefined)}
      {place &&
        createPortal(
          <span className="valo-HoverCard" role="tooltip" id={id} style={{ ...place, width: WIDTH }}>
            {props.card()}
          </span>,
          document.body
        )}
    </span>
  );
}
