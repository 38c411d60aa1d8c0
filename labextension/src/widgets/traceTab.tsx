/** The Trace tab. */
import { TraceView } from '../components/TraceView';
import type { ITabProps } from './detail';

export default function TraceTab(props: ITabProps): JSX.Element {
  return <TraceView execution={props.execution} onOutputs={() => props.onTab('outputs')} />;
}
