/** One environment: name, engine, machines, line, and what keeps it from work. */
import { memo, useCallback } from 'react';
import type { IPoolMachine } from '../api/pool';
import type { IEnvironment } from '../api/types';
import { free, waiting } from '../model/environments';
import { EngineIcon } from './EngineIcon';
import { formatCost } from './format';
import { MachineSquares } from './MachineSquares';
import { useTrans } from './trans';

export interface IEnvironmentActions {
  open: (environment: IEnvironment) => void;
  machines: (environment: IEnvironment) => Promise<readonly IPoolMachine[]>;
}

export const EnvironmentRow = memo(
  (props: { environment: IEnvironment; actions: IEnvironmentActions; wide?: boolean }): JSX.Element => {
    const trans = useTrans();
    const { environment, actions, wide } = props;
    const { name, machines, max_scale: most, problem, enabled } = environment;
    const line = waiting(environment);
    const all = machines.busy + machines.idle + machines.starting + machines.draining;
    const load = useCallback(() => actions.machines(environment), [actions, environment]);
    const words = line
      ? trans._n('%1 waiting', '%1 waiting', line)
      : all === 0
        ? trans._n('up to %1 machine', 'up to %1 machines', most)
        : trans.__('%1 of %2 free', free(environment), most);
    return (
      <div className="valo-Environment" role="listitem" data-enabled={enabled} data-slug={environment.slug}>
        <div className="valo-Environment-line">
          <EngineIcon engine={environment.engine} />
          <button
            type="button"
            className="valo-Environment-open"
            title={environment.description || name}
            onClick={() => actions.open(environment)}
          >
            {name}
          </button>
          {environment.default && <span className="valo-Tag">{trans.__('default')}</span>}
          {!enabled && <span className="valo-Tag">{trans.__('disabled')}</span>}
          <MachineSquares machines={machines} load={load} />
          <span className="valo-Environment-words">{words}</span>
          {wide && (
            <>
              <span className="valo-Environment-hardware valo-Quiet">{environment.hardware}</span>
              <span className="valo-Environment-cost valo-Quiet">
                {environment.cost.day > 0 && trans.__('%1 in 24 h', formatCost(environment.cost.day))}
              </span>
            </>
          )}
        </div>
        {problem && (
          <p className="valo-Environment-problem" role="status" title={wide ? undefined : problem}>
            {problem}
          </p>
        )}
      </div>
    );
  }
);
