/** The environments, and what stands there when there are none, none yet, or nobody answers. */
import type { ValoError } from '../api/errors';
import type { IEnvironment } from '../api/types';
import { EnvironmentRow, type IEnvironmentActions } from './EnvironmentRow';
import { Message } from './Message';
import { useTrans } from './trans';

export function EnvironmentList(props: {
  environments: readonly IEnvironment[];
  loaded: boolean;
  error: ValoError | null;
  actions: IEnvironmentActions;
  wide?: boolean;
  onRetry: () => void;
  onNew: (() => void) | null;
}): JSX.Element {
  const trans = useTrans();
  const { environments, loaded, error, actions, wide, onRetry, onNew } = props;
  if (environments.length === 0 && error) {
    return (
      <Message kind="error" title={trans.__('The environments cannot be shown')} text={error.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={onRetry}>
          {trans.__('Try again')}
        </button>
      </Message>
    );
  }
  if (!loaded) {
    return <Message kind="busy" title={trans.__('Loading the environments…')} />;
  }
  if (environments.length === 0) {
    return (
      <Message
        title={trans.__('No environments')}
        text={trans.__('An environment says where executions run, and on how many machines.')}
      >
        {onNew && (
          <button type="button" className="jp-mod-styled jp-mod-accept valo-Button" onClick={onNew}>
            {trans.__('New environment')}
          </button>
        )}
      </Message>
    );
  }
  return (
    <>
      {error && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      <div role="list" aria-label={trans.__('Environments')}>
        {environments.map(environment => (
          <EnvironmentRow key={environment.id} environment={environment} actions={actions} wide={wide} />
        ))}
      </div>
    </>
  );
}
