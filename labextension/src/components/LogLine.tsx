/** One line of the log: time, text in its stream's colour, the searched words marked. */
import { memo } from 'react';
import type { ILine } from '../model/log';
import { AnsiText } from './AnsiText';
import { formatTime, parseTime } from './format';

export const LINE_HEIGHT = 18;
/** A line of megabytes would stop the browser; the download has it whole. */
const SHOWN = 4_000;

export const LogLine = memo((props: { line: ILine; search: string; current: boolean }): JSX.Element => {
  const { line, search, current } = props;
  const text = line.text.length > SHOWN ? `${line.text.slice(0, SHOWN)} … (+${line.text.length - SHOWN})` : line.text;
  return (
    <div className="valo-LogLine" data-stream={line.stream} data-current={current || undefined}>
      <time className="valo-LogLine-time" title={formatTime(line.time)}>
        {parseTime(line.time).toLocaleTimeString(undefined, { hour12: false })}
      </time>
      <span className="valo-LogLine-text">
        {search && text.toLowerCase().includes(search.toLowerCase()) ? (
          <Marked text={text} search={search} />
        ) : (
          <AnsiText text={text} />
        )}
      </span>
    </div>
  );
});

function Marked(props: { text: string; search: string }): JSX.Element {
  const { text, search } = props;
  const parts: JSX.Element[] = [];
  const lower = text.toLowerCase();
  let at = 0;
  for (;;) {
    const found = lower.indexOf(search.toLowerCase(), at);
    if (found < 0) {
      break;
    }
    parts.push(<span key={at}>{text.slice(at, found)}</span>);
    parts.push(<mark key={`m${found}`}>{text.slice(found, found + search.length)}</mark>);
    at = found + search.length;
  }
  return (
    <>
      {parts}
      {text.slice(at)}
    </>
  );
}
