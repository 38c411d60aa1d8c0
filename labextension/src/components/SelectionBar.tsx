/** What can be done with the executions that are selected. */
import { ENDED, type IExecution } from '../api/types';
import { IconButton } from './IconButton';
import { useTrans } from './trans';

export interface ISelectionActions {
  stopAll: (executions: readonly IExecution[]) => void;
  rerunAll: (executions: readonly IExecution[]) => void;
  rerunForm: (execution: IExecution) => void;
  tagAll: (executions: readonly IExecution[]) => void;
  removeAll: (executions: readonly IExecution[]) => void;
  compare: (left: IExecution, right: IExecution) => void;
}

export function SelectionBar(props: {
  executions: readonly IExecution[];
  actions: ISelectionActions;
  onClear: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { executions, actions, onClear } = props;
  const running = executions.filter(({ status }) => !ENDED.has(status));
  const [first, second] = [...executions].sort((a, b) => a.counter - b.counter);
  const button = (label: string, act: () => void) => (
    <button type="button" className="valo-Chip" onClick={act}>
      {label}
    </button>
  );
  return (
    <div className="valo-Selection" role="toolbar" aria-label={trans.__('Selected executions')}>
      <span className="valo-Selection-words" role="status">
        {trans._n('%1 selected', '%1 selected', executions.length)}
      </span>
      <IconButton icon="remove" label={trans.__('Select none')} onClick={onClear} />
      <div className="valo-Chips">
        {running.length > 0 && button(trans.__('Stop'), () => actions.stopAll(running))}
        {executions.length === 2 && button(trans.__('Compare'), () => actions.compare(first, second))}
        {button(trans.__('Run again'), () => actions.rerunAll(executions))}
        {executions.length === 1 && button(trans.__('With changes…'), () => actions.rerunForm(first))}
        {button(trans.__('Tags…'), () => actions.tagAll(executions))}
        {executions.length > running.length && button(trans.__('Delete…'), () => actions.removeAll(executions))}
      </div>
    </div>
  );
}
