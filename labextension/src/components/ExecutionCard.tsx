/** What hovering over any mark shows: the same few facts everywhere. */
import type { IDrift, IExecution } from '../api/types';
import { driftWords } from './driftWords';
import { formatAgo, formatCost, formatDuration, formatValue } from './format';
import { placeWords } from './MachineTable';
import { Sparkline } from './Sparkline';
import { elapsed, stateSentence } from './state';
import { useTrans } from './trans';

export function ExecutionCard(props: { execution: IExecution; drift?: IDrift }): JSX.Element {
  const trans = useTrans();
  const { execution, drift } = props;
  const { metric, cost, environment, machine } = execution;
  const where = [environment.name, machine?.hostname, machine?.place && placeWords(trans, machine)];
  const seconds = elapsed(execution, Date.now());
  return (
    <span className="valo-Card" data-status={execution.status}>
      <strong>
        #{execution.counter} {execution.title}
      </strong>
      <span className="valo-Card-state">{stateSentence(trans, execution)}</span>
      <span>{where.filter(Boolean).join(' · ')}</span>
      <span className="valo-Quiet">
        {[
          formatAgo(execution.ctime),
          execution.status !== 'complete' && seconds !== null && formatDuration(trans, seconds),
          cost !== null && cost > 0 && formatCost(cost)
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
      {drift && <span className="valo-Quiet">{driftWords(trans, drift)}</span>}
      {metric && (
        <span>
          {metric.name} {formatValue(metric.value)}{' '}
          <Sparkline values={metric.values} label={trans.__('%1 over time', metric.name)} />
        </span>
      )}
      {execution.tags.length > 0 && (
        <span className="valo-Tags">
          {execution.tags.map(tag => (
            <span className="valo-Tag" key={tag}>
              {tag}
            </span>
          ))}
        </span>
      )}
    </span>
  );
}
