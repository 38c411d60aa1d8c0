/** One file in the sidebar or a picker: name, aliases and tags, size, where it comes from, when. */
import { memo, type ReactNode } from 'react';
import type { IDatum } from '../api/dataTypes';
import { formatAgo, formatBytes, formatTime } from './format';
import { useTrans } from './trans';

export const DATUM_HEIGHT = 44;

export const DatumRow = memo(
  (props: { datum: IDatum; onOpen: (datum: IDatum) => void; before?: ReactNode }): JSX.Element => {
    const { datum, onOpen, before } = props;
    const { name, size, ctime, purged } = datum;
    const trans = useTrans();
    return (
      <div className="valo-Row valo-DatumRow" role="listitem" style={{ height: DATUM_HEIGHT }}>
        {before}
        <button
          type="button"
          className="valo-Row-open"
          title={name}
          disabled={purged && before !== undefined}
          onClick={() => onOpen(datum)}
        >
          <span className="valo-Row-line">
            <span className="valo-Row-title">{name}</span>
            <span className="valo-Quiet valo-DatumRow-size">{purged ? trans.__('purged') : formatBytes(size)}</span>
          </span>
          <span className="valo-Row-line valo-Row-second">
            <DatumSource datum={datum} />
            <Labels datum={datum} most={3} />
            <span className="valo-Row-time" title={formatTime(ctime)}>
              {formatAgo(ctime, 'narrow')}
            </span>
          </span>
        </button>
      </div>
    );
  }
);

/** `#12`, `uploaded by ana`, `adopted`. */
export function DatumSource(props: { datum: IDatum }): JSX.Element {
  const trans = useTrans();
  const { output_execution: made, origin, creator } = props.datum;
  const who = creator?.username ?? '';
  const words = made
    ? `#${made.counter}`
    : {
        output: trans.__('output'),
        input: trans.__('input'),
        upload: who ? trans.__('uploaded by %1', who) : trans.__('uploaded'),
        adopted: trans.__('adopted')
      }[origin];
  return <span>{words}</span>;
}

/** Where its content is. */
export function useStoreWords(): (datum: IDatum) => string {
  const trans = useTrans();
  return ({ store, uri }) => store?.name ?? (uri.startsWith('valo://') ? trans.__('built-in') : trans.__('web'));
}

/** Aliases first: they are what a file is known by. */
export function Labels(props: { datum: IDatum; most: number }): JSX.Element {
  const { aliases, tags } = props.datum;
  const all = [...aliases.map(alias => ['alias', alias]), ...tags.map(tag => ['tag', tag])];
  return (
    <>
      {all.slice(0, props.most).map(([kind, word]) => (
        <span className="valo-Tag" data-kind={kind} key={`${kind}:${word}`} title={word}>
          {word}
        </span>
      ))}
      {all.length > props.most && <span className="valo-Quiet">+{all.length - props.most}</span>}
    </>
  );
}
