/** The Trace tab. */
import { CommandIDs } from '../tokens';
import type { ITabProps } from './detail';
import { TraceView } from './traceView';
import { openNode } from './openNode';

export default function TraceTab(props: ITabProps): JSX.Element {
  const { model, execution, command, onTab } = props;
  return (
    <TraceView
      api={model.api.data}
      of={{ type: 'execution', id: execution.id }}
      revision={execution.revision}
      onOpen={node =>
        node.id === execution.id
          ? onTab('details')
          : openNode(node, {
              openExecution: ({ id }) => command(CommandIDs.open, { id }),
              openData: place => command(CommandIDs.data, { open: place?.open ?? '' }),
              openDatasets: open => command(CommandIDs.datasets, { open: open ?? '' })
            })
      }
    />
  );
}
