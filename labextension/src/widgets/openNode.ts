/** Where a click on a node of a trace leads. */
import type { ITraceNode } from '../api/dataTypes';
import type { IDataActions } from './dataPage';

export function openNode(
  { type, id, name }: ITraceNode,
  actions: Pick<IDataActions, 'openExecution' | 'openData' | 'openDatasets'>
): void {
  switch (type) {
    case 'execution':
      actions.openExecution({ id });
      break;
    case 'datum':
      actions.openData({ open: id });
      break;
    case 'dataset':
      actions.openDatasets(name.replace(/^dataset:\/\//, '').split('/')[0]);
      break;
    case 'commit':
      // a commit has no page of its own, and its node is none to click on
      break;
  }
}
