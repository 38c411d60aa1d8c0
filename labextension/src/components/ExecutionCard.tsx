/** What hovering over any mark shows: the same few facts everywhere. */
import type { IExecution } from '../api/types';
import { formatAgo, formatCost, formatDuration, formatValue } from './format';
import { Sparkline } from './Sparkline';
import { elapsed, stateSentence } from './state';
import { useTrans } from './trans';

export function ExecutionCard(props: { execution: IExecution }): JSX.Element {
  const trans = useTrans();
  const { execution } = props;
  const { metric, cost } = execution;
  const seconds = elapsed(execution, Date.now());
  return (
    <span className="valo-Card" data-status={execution.status}>
      <strong>
        #{execution.counter} {execution.title}
      </strong>
      <span className="valo-Card-state">{stateSentence(trans, execution)}</span>
      <span className="valo-Quiet">
        {[
          execution.environment.name,
          formatAgo(execution.ctime),
          execution.status !== 'complete' && seconds !== null && formatDuration(trans, seconds),
          cost !== null && cost > 0 && formatCost(cost)
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
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
