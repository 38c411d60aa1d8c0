/** Files as a table of any length: chosen by boxes, opened by a click or by arrow keys, ordered by its head. */
import { memo, useCallback, useEffect, useRef, type KeyboardEvent, type MouseEvent } from 'react';
import type { DataOrdering, IDatum } from '../api/dataTypes';
import { DatumSource, Labels, useStoreWords } from './DatumRow';
import { formatAgo, formatBytes, formatTime } from './format';
import { useTrans } from './trans';
import { WindowedRows } from './WindowedRows';

const HEIGHT = 32;

export interface IDatumTableProps {
  rows: readonly IDatum[];
  count: number | null;
  chosen: ReadonlySet<string>;
  /** Id of the one whose page is open. */
  open: string | null;
  ordering: DataOrdering;
  onOrder: (ordering: DataOrdering) => void;
  onOpen: (datum: IDatum) => void;
  onChoose: (ids: ReadonlySet<string>) => void;
  onMore: () => void;
}

export function DatumTable(props: IDatumTableProps): JSX.Element {
  const trans = useTrans();
  const { rows, count, chosen, open, onOpen, onChoose, onMore } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const focusing = useRef<string | null>(null);
  const handleScroll = useCallback((_: boolean, atBottom: boolean) => atBottom && onMore(), [onMore]);
  const toggle = useCallback(
    (id: string) => {
      const next = new Set(chosen);
      if (!next.delete(id)) {
        next.add(id);
      }
      onChoose(next);
    },
    [chosen, onChoose]
  );
  useEffect(() => {
    if (focusing.current !== null) {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(focusing.current)}"] button`);
      row?.focus();
      focusing.current = null;
    }
  });
  const handleKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const id = (event.target as HTMLElement).closest<HTMLElement>('[data-id]')?.dataset.id;
    const next = step && id ? rows[rows.findIndex(row => row.id === id) + step] : undefined;
    if (next) {
      event.preventDefault();
      focusing.current = next.id;
      const top = rows.indexOf(next) * HEIGHT;
      const box = scroller.current;
      if (box && (top < box.scrollTop || top + HEIGHT > box.scrollTop + box.clientHeight)) {
        box.scrollTop = step === 1 ? top + HEIGHT - box.clientHeight : top;
      }
      onOpen(next);
    }
  };
  const handleClick = ({ target }: MouseEvent) => {
    // beside a box is still the box: who misses it opens nothing
    const row = (target as HTMLElement).closest<HTMLElement>('label, [data-id]');
    const datum = rows.find(({ id }) => id === row?.dataset.id);
    if (datum) {
      onOpen(datum);
    }
  };
  const all = rows.length > 0 && rows.every(({ id }) => chosen.has(id));
  return (
    // arrows go from row to row; each row's button is reachable by itself, and its click comes here
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="valo-DatumTable"
      role="table"
      aria-label={trans.__('Files')}
      aria-rowcount={(count ?? rows.length) + 1}
      onKeyDown={handleKey}
      onClick={handleClick}
    >
      <div role="row" aria-rowindex={1} className="valo-DatumTable-row valo-DatumTable-head">
        <span role="columnheader">
          <input
            type="checkbox"
            aria-label={trans.__('Choose all that are shown')}
            checked={all}
            onChange={() => onChoose(all ? new Set() : new Set(rows.map(({ id }) => id)))}
          />
        </span>
        <Head {...props} label={trans.__('Name')} by="name" />
        <Head {...props} label={trans.__('Size')} by="size" />
        <span role="columnheader">{trans.__('Store')}</span>
        <span role="columnheader">{trans.__('From')}</span>
        <Head {...props} label={trans.__('Created')} by="ctime" />
      </div>
      <WindowedRows
        count={rows.length}
        rowHeight={HEIGHT}
        scroller={scroller}
        role="rowgroup"
        label={trans.__('Files')}
        onScroll={handleScroll}
        renderRow={index => (
          <Row
            key={rows[index].id}
            datum={rows[index]}
            index={index}
            chosen={chosen.has(rows[index].id)}
            open={rows[index].id === open}
            onToggle={toggle}
          />
        )}
      />
    </div>
  );
}

function Head(props: {
  label: string;
  by: 'name' | 'size' | 'ctime';
  ordering: DataOrdering;
  onOrder: (ordering: DataOrdering) => void;
}): JSX.Element {
  const { label, by, ordering, onOrder } = props;
  const up = ordering === by;
  const down = ordering === `-${by}`;
  // names begin with A, sizes with the largest, times with the newest
  const first: DataOrdering = by === 'name' ? by : `-${by}`;
  const second: DataOrdering = by === 'name' ? `-${by}` : by;
  return (
    <span role="columnheader" aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}>
      <button type="button" onClick={() => onOrder(ordering === first ? second : first)}>
        {label}
        <span aria-hidden="true">{up ? ' ↑' : down ? ' ↓' : ''}</span>
      </button>
    </span>
  );
}

const Row = memo(
  (props: {
    datum: IDatum;
    index: number;
    chosen: boolean;
    open: boolean;
    onToggle: (id: string) => void;
  }): JSX.Element => {
    const trans = useTrans();
    const { datum, index, chosen, open, onToggle } = props;
    const { id, name, size, wanted_store: wanted, ctime, purged } = datum;
    const stored = useStoreWords();
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        className="valo-DatumTable-row"
        data-id={id}
        data-open={open || undefined}
        data-purged={purged || undefined}
        style={{ height: HEIGHT }}
      >
        <span role="cell">
          <label className="valo-DatumTable-box">
            <input
              type="checkbox"
              aria-label={trans.__('Choose %1', name)}
              checked={chosen}
              onChange={() => onToggle(id)}
            />
          </label>
        </span>
        <span role="cell" className="valo-DatumTable-name">
          <button type="button" title={name} aria-current={open || undefined}>
            {name}
          </button>
          <Labels datum={datum} most={3} />
        </span>
        <span role="cell" title={trans.__('%1 bytes', size.toLocaleString())}>
          {purged ? trans.__('purged') : formatBytes(size)}
        </span>
        <span role="cell" title={datum.uri}>
          {stored(datum)}
          {wanted && <span title={trans.__('It waits to be brought to %1', wanted.name)}> ⚠</span>}
        </span>
        <span role="cell">
          <DatumSource datum={datum} />
        </span>
        <span role="cell" title={formatTime(ctime)}>
          {formatAgo(ctime, 'short')}
        </span>
      </div>
    );
  }
);
