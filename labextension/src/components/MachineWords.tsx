/** What a machine does, in words. */
import type { IPoolMachine } from '../api/pool';
import { formatDuration, parseTime } from './format';
import { useNow } from './hooks';
import { useTrans } from './trans';

export function MachineWords(props: { machine: IPoolMachine }): JSX.Element {
  const trans = useTrans();
  const { state, idle_until: until, execution } = props.machine;
  const now = useNow(state === 'idle' && until !== null);
  switch (state) {
    case 'starting':
      return <>{trans.__('starting')}</>;
    case 'draining':
      return (
        <>{execution ? trans.__('closes after #%1 %2', execution.counter, execution.title) : trans.__('closing')}</>
      );
    case 'busy':
      return <>{execution ? trans.__('busy with #%1 %2', execution.counter, execution.title) : trans.__('busy')}</>;
    case 'idle': {
      if (until === null) {
        return <>{trans.__('idle')}</>;
      }
      const left = Math.ceil((parseTime(until).getTime() - now) / 1000);
      return (
        <>{left > 0 ? trans.__('idle, closes in %1', formatDuration(trans, left)) : trans.__('idle, closes now')}</>
      );
    }
  }
}
