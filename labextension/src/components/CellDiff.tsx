/** The source of a cell then and now, line by line. */
import { lineDiff } from '../model/lineDiff';
import { useTrans } from './trans';

const SIGNS = { same: ' ', added: '+', removed: '−' };

export function CellDiff(props: { before: string; after: string; label: string }): JSX.Element {
  const trans = useTrans();
  const { before, after, label } = props;
  const words = { same: '', added: trans.__('added:'), removed: trans.__('removed:') };
  return (
    <div className="valo-CellDiff" role="region" aria-label={label} tabIndex={0}>
      {/* an empty text has no lines */}
      {lineDiff(before, after)
        .filter(({ kind, text }) => kind === 'same' || text !== '' || (before !== '' && after !== ''))
        .map(({ kind, text }, index) => (
          <div key={index} data-kind={kind}>
            <span aria-hidden="true">{SIGNS[kind]}</span>
            {words[kind] && <span className="valo-Hidden">{words[kind]}</span>}
            <code>{text}</code>
          </div>
        ))}
    </div>
  );
}
