/** What a reader can do with the log: search, choose the streams, follow, download. */
import { useState } from 'react';
import type { LogStream } from '../api/types';
import { useTrans } from './trans';

export type LogFilter = 'all' | LogStream;

export interface ILogToolbarProps {
  filter: LogFilter;
  onFilter: (filter: LogFilter) => void;
  search: string;
  onSearch: (text: string) => void;
  position: number;
  hits: number;
  onStep: (step: number) => void;
  follow: boolean;
  live: boolean;
  onFollow: () => void;
  onDownload: () => Promise<void>;
}

export function LogToolbar(props: ILogToolbarProps): JSX.Element {
  const trans = useTrans();
  const [downloading, setDownloading] = useState(false);
  const download = async () => {
    setDownloading(true);
    try {
      await props.onDownload();
    } finally {
      setDownloading(false);
    }
  };
  return (
    <div className="valo-Bar" role="toolbar" aria-label={trans.__('Log')}>
      <input
        type="search"
        className="jp-mod-styled valo-Bar-search"
        placeholder={trans.__('Search the lines loaded')}
        aria-label={trans.__('Search the lines loaded')}
        value={props.search}
        onChange={event => props.onSearch(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            props.onStep(event.shiftKey ? -1 : 1);
          }
        }}
      />
      {props.search && (
        <span className="valo-Bar-hits" aria-live="polite">
          {props.hits ? trans.__('%1 of %2', props.position, props.hits) : trans.__('none')}
        </span>
      )}
      <select
        className="valo-Select"
        aria-label={trans.__('Lines shown')}
        value={props.filter}
        onChange={event => props.onFilter(event.target.value as LogFilter)}
      >
        <option value="all">{trans.__('All lines')}</option>
        <option value="stdout">{trans.__('Output')}</option>
        <option value="stderr">{trans.__('Errors')}</option>
        <option value="status">{trans.__('Status')}</option>
      </select>
      <span className="valo-Bar-space" />
      {props.live && (
        <button type="button" className="valo-Chip" aria-pressed={props.follow} onClick={props.onFollow}>
          {trans.__('Follow')}
        </button>
      )}
      <button type="button" className="valo-Chip" disabled={downloading} onClick={() => void download()}>
        {downloading ? trans.__('Downloading…') : trans.__('Download')}
      </button>
    </div>
  );
}
