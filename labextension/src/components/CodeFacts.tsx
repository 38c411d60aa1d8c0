/** Which code ran: the commit, what it differs from in git, what was left out, and the code itself. */
import type { IExecutionDetail } from '../api/types';
import { Facts } from './Facts';
import { formatBytes } from './format';
import { PatchView } from './PatchView';
import { useTrans } from './trans';

export function CodeFacts(props: { execution: IExecutionDetail; codeUrl: string }): JSX.Element {
  const trans = useTrans();
  const { commit, git, left_out: leftOut } = props.execution;
  const words: Record<string, string> = {
    M: trans.__('changed'),
    A: trans.__('added'),
    D: trans.__('deleted'),
    R: trans.__('renamed'),
    U: trans.__('in conflict'),
    '?': trans.__('new, not in git')
  };
  return (
    <Facts
      title={trans.__('Code')}
      facts={[
        [
          trans.__('Commit'),
          <span key="commit">
            {commit.adhoc && <span className="valo-Tag">{trans.__('adhoc')}</span>}{' '}
            <code title={commit.identifier}>{commit.identifier.slice(0, 13)}</code>{' '}
            <a href={props.codeUrl} download>
              {trans.__('Download code')}
            </a>
          </span>
        ],
        [trans.__('Branch'), git?.branch],
        [trans.__('HEAD'), git?.head && <code title={git.head}>{git.head.slice(0, 12)}</code>],
        [trans.__('Remote'), git?.remote]
      ]}
    >
      {git && git.dirty.length > 0 && (
        <details>
          <summary>{trans._n('%1 file differs from HEAD', '%1 files differ from HEAD', git.dirty.length)}</summary>
          <ul className="valo-List">
            {git.dirty.map(({ path, status }) => (
              <li key={path}>
                {path} <span className="valo-Quiet">{words[status] ?? status}</span>
              </li>
            ))}
          </ul>
          {git.patch && <PatchView patch={git.patch} label={trans.__('Difference from HEAD')} />}
        </details>
      )}
      {leftOut.length > 0 && (
        <details>
          <summary>{trans._n('%1 path was left out', '%1 paths were left out', leftOut.length)}</summary>
          <ul className="valo-List">
            {leftOut.map(({ path, rule, size }) => (
              <li key={path}>
                {path} <span className="valo-Quiet">{size ? `${formatBytes(size)} · ${rule}` : rule}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </Facts>
  );
}
