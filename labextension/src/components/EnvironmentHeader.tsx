/** The head of an environment's page: what it is, what it costs, whether it is on, and what can be done. */
import type { IEnvironment } from '../api/types';
import { EngineIcon } from './EngineIcon';
import { formatCost } from './format';
import { useTrans } from './trans';

export function EnvironmentHeader(props: {
  environment: IEnvironment;
  problem: string | null;
  /** Why nothing can be changed; null when it can. */
  readOnly: string | null;
  busy: boolean;
  onEnable: (enabled: boolean) => void;
  onDefault: () => void;
  onTest: () => void;
  testing: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { environment, problem, readOnly, busy, testing } = props;
  const { cost, per_hour_price_usd: price, queue, enabled } = environment;
  return (
    <div className="valo-Header">
      <EngineIcon engine={environment.engine} />
      <h2 className="valo-Header-title" title={environment.slug}>
        {environment.name}
      </h2>
      <span className="valo-Header-facts">
        {environment.default ? (
          <span className="valo-Tag">{trans.__('default')}</span>
        ) : (
          enabled &&
          !readOnly && (
            <button type="button" className="valo-Link" disabled={busy} onClick={props.onDefault}>
              {trans.__('Make default')}
            </button>
          )
        )}
        {environment.hardware && <span>{environment.hardware}</span>}
        {price !== null && <span>{trans.__('%1 per hour', formatCost(price))}</span>}
        {cost.running > 0 && <span>{trans.__('%1 running', formatCost(cost.running))}</span>}
        {cost.day > 0 && <span>{trans.__('%1 in 24 h', formatCost(cost.day))}</span>}
        <span aria-live="polite">
          {trans.__('%1 running, %2 waiting', queue.running, queue.queued + queue.created)}
        </span>
      </span>
      <span className="valo-Header-actions">
        <label className="valo-Switch" title={readOnly ?? undefined}>
          <input
            type="checkbox"
            role="switch"
            aria-checked={enabled}
            checked={enabled}
            disabled={busy || readOnly !== null}
            onChange={event => props.onEnable(event.target.checked)}
          />
          {trans.__('Enabled')}
        </label>
        <button
          type="button"
          className="jp-mod-styled valo-Button"
          disabled={testing || readOnly !== null}
          title={readOnly ?? trans.__('Start a machine, run something on it, and close it')}
          onClick={props.onTest}
        >
          {testing ? trans.__('Testing…') : trans.__('Test')}
        </button>
      </span>
      {environment.description && <p className="valo-Header-description valo-Quiet">{environment.description}</p>}
      {problem && (
        <p className="valo-Header-obstacle" role="status">
          {trans.__('No machine can be had: %1', problem)}
        </p>
      )}
    </div>
  );
}
