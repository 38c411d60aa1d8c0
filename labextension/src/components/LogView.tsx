/** The log: only the visible lines exist, it follows the end, loads earlier lines, searches and downloads. */
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { ILine } from '../model/log';
import { LogToolbar, type LogFilter } from './LogToolbar';
import { LogLine, LINE_HEIGHT } from './LogLine';
import { Message } from './Message';
import { useTrans } from './trans';
import { WindowedRows } from './WindowedRows';

export interface ILogViewProps {
  lines: readonly ILine[];
  loaded: boolean;
  live: boolean;
  hasEarlier: boolean;
  loadingEarlier: boolean;
  onEarlier: () => Promise<number>;
  onDownload: () => Promise<void>;
}

export function LogView(props: ILogViewProps): JSX.Element {
  const trans = useTrans();
  const { lines, live, hasEarlier, loadingEarlier, onEarlier } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [follow, setFollow] = useState(true);
  const [filter, setFilter] = useState<LogFilter>('all');
  const [search, setSearch] = useState('');
  const [hit, setHit] = useState(0);

  const shown = useMemo(
    () => (filter === 'all' ? lines : lines.filter(line => line.stream === filter)),
    [lines, filter]
  );
  const hits = useMemo(() => {
    const wanted = search.toLowerCase();
    return wanted ? shown.flatMap((line, index) => (line.text.toLowerCase().includes(wanted) ? [index] : [])) : [];
  }, [shown, search]);
  const current = hits.length ? hits[((hit % hits.length) + hits.length) % hits.length] : -1;

  useLayoutEffect(() => {
    if (follow && scroller.current) {
      scroller.current.scrollTop = scroller.current.scrollHeight;
    }
  }, [shown, follow]);

  useEffect(() => {
    if (current >= 0 && scroller.current) {
      setFollow(false);
      scroller.current.scrollTop = Math.max(0, current * LINE_HEIGHT - scroller.current.clientHeight / 2);
    }
  }, [current]);

  const loadEarlier = useCallback(async () => {
    setFollow(false);
    const count = await onEarlier();
    // what the reader looks at stays where it is
    if (scroller.current && filter === 'all') {
      scroller.current.scrollTop += count * LINE_HEIGHT;
    }
  }, [onEarlier, filter]);

  const handleScroll = useCallback(
    (atTop: boolean, atBottom: boolean) => {
      setFollow(atBottom);
      if (atTop && !atBottom && hasEarlier && !loadingEarlier) {
        void loadEarlier();
      }
    },
    [hasEarlier, loadingEarlier, loadEarlier]
  );

  return (
    <div className="valo-Log">
      <LogToolbar
        filter={filter}
        onFilter={setFilter}
        search={search}
        onSearch={text => {
          setSearch(text);
          setHit(0);
        }}
        position={hits.length ? hits.indexOf(current) + 1 : 0}
        hits={hits.length}
        onStep={step => setHit(hit + step)}
        follow={follow}
        live={live}
        onFollow={() => setFollow(!follow)}
        onDownload={props.onDownload}
      />
      {hasEarlier && (
        <button type="button" className="valo-Log-earlier" disabled={loadingEarlier} onClick={() => void loadEarlier()}>
          {loadingEarlier ? trans.__('Loading earlier lines…') : trans.__('Load earlier lines')}
        </button>
      )}
      {shown.length > 0 ? (
        <WindowedRows
          className="valo-Log-lines"
          role="log"
          count={shown.length}
          rowHeight={LINE_HEIGHT}
          scroller={scroller}
          onScroll={handleScroll}
          label={trans.__('Log')}
          renderRow={index => (
            <LogLine key={`${shown[index].seq}`} line={shown[index]} search={search} current={index === current} />
          )}
        />
      ) : (
        <Nothing {...props} filtered={filter !== 'all'} />
      )}
    </div>
  );
}

function Nothing(props: { loaded: boolean; live: boolean; filtered: boolean }): JSX.Element {
  const trans = useTrans();
  if (!props.loaded) {
    return <Message kind="busy" title={trans.__('Loading the log…')} />;
  }
  if (props.filtered) {
    return <Message title={trans.__('No such lines among those loaded')} />;
  }
  return props.live ? (
    <Message
      title={trans.__('Nothing printed yet')}
      text={trans.__('Lines appear here as the execution prints them.')}
    />
  ) : (
    <Message title={trans.__('The execution printed nothing')} />
  );
}
