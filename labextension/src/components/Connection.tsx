/** One line that says which server this is, and what to do when it does not answer. */
import type { ValoError } from '../api/errors';
import type { IServerStatus } from '../api/types';
import { useTrans } from './trans';

export function Connection(props: {
  status: IServerStatus | null;
  error: ValoError | null;
  onRetry: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { status, error } = props;
  const state = error ? 'unreachable' : (status?.state ?? 'starting');
  const words = {
    running: status?.mode === 'team' ? trans.__('connected to %1', host(status.url)) : trans.__('connected to local'),
    starting: trans.__('starting the local server…'),
    unreachable: trans.__('not connected')
  }[state];
  const why = error?.message ?? status?.message ?? undefined;
  return (
    <div className="valo-Connection" data-state={state} role="status">
      <span className="valo-Connection-dot" aria-hidden="true" />
      <span className="valo-Connection-words" title={status?.version ? trans.__('Valo %1', status.version) : undefined}>
        {words}
      </span>
      {state === 'unreachable' && (
        <button type="button" className="valo-Chip" onClick={props.onRetry}>
          {trans.__('Try again')}
        </button>
      )}
      {state === 'unreachable' && why && <p className="valo-Connection-why">{why}</p>}
    </div>
  );
}

function host(url: string | null): string {
  try {
    return new URL(url ?? '').host;
  } catch {
    return url ?? '';
  }
}
