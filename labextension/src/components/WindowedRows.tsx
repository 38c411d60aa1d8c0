/** Rows of one height of which only the visible ones exist; the list may be of any length. */
import { useCallback, useEffect, useState, type ReactNode, type RefObject, type UIEvent } from 'react';

const OVERSCAN = 8;
/** Browsers stop laying out taller elements; a longer list scrolls in proportion. */
const MAX_HEIGHT = 8_000_000;

export interface IWindowedRowsProps {
  count: number;
  rowHeight: number;
  renderRow: (index: number) => ReactNode;
  className?: string;
  label: string;
  /** Of the rows; `rowgroup`: inside a table, whose rows can be focused themselves. */
  role?: 'list' | 'log' | 'rowgroup';
  /** Told after every scroll: whether the first and the last row are in view. */
  onScroll?: (atTop: boolean, atBottom: boolean) => void;
  /** Told which rows are drawn, as they change. */
  onRange?: (first: number, last: number) => void;
  scroller: RefObject<HTMLDivElement>;
}

export function WindowedRows(props: IWindowedRowsProps): JSX.Element {
  const { count, rowHeight, scroller, onScroll, onRange, role = 'list' } = props;
  const inTable = role === 'rowgroup';
  const [top, setTop] = useState(0);
  const height = useHeight(scroller);
  const full = count * rowHeight;
  const shown = Math.min(full, MAX_HEIGHT);
  // position in the list for a position of the scroll bar; 1:1 except in very long lists
  const ratio = shown > height ? (full - height) / (shown - height) : 1;
  const offset = top * ratio;
  const first = Math.max(0, Math.floor(offset / rowHeight) - OVERSCAN);
  const last = Math.min(count, Math.ceil((offset + height) / rowHeight) + OVERSCAN);

  const handleScroll = useCallback(
    (event: UIEvent<HTMLDivElement>) => {
      const element = event.currentTarget;
      setTop(element.scrollTop);
      onScroll?.(
        element.scrollTop < rowHeight,
        element.scrollHeight - element.scrollTop - element.clientHeight < rowHeight
      );
    },
    [onScroll, rowHeight]
  );

  useEffect(() => onRange?.(first, last), [onRange, first, last]);

  const rows: ReactNode[] = [];
  for (let index = first; index < last; index++) {
    rows.push(props.renderRow(index));
  }
  return (
    <div
      className={`valo-Rows ${props.className ?? ''}`}
      ref={scroller}
      onScroll={handleScroll}
      {...(inTable ? { role } : { role: 'region', tabIndex: 0, 'aria-label': props.label })}
    >
      <div className="valo-Rows-all" style={{ height: shown }} role={inTable ? 'presentation' : undefined}>
        <div
          className="valo-Rows-shown"
          role={inTable ? 'presentation' : role}
          aria-live={inTable ? undefined : 'off'}
          style={{ transform: `translateY(${top - (offset - first * rowHeight)}px)` }}
        >
          {rows}
        </div>
      </div>
    </div>
  );
}

function useHeight(element: RefObject<HTMLElement>): number {
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const node = element.current;
    if (!node) {
      return;
    }
    const measure = () => setHeight(node.clientHeight || 600);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(node);
    return () => observer.disconnect();
  }, [element]);
  return height;
}
