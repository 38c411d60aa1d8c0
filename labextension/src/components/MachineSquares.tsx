/** An environment's machines as little squares; hovering says what each of them does. */
import { useEffect, useState } from 'react';
import type { IPoolMachine, MachineState } from '../api/pool';
import type { IEnvironment } from '../api/types';
import { Hover } from './Hover';
import { MachineWords } from './MachineWords';
import { useTrans } from './trans';

/** More squares than this are a number. */
const MOST = 16;
const ORDER: MachineState[] = ['busy', 'draining', 'idle', 'starting'];

export function MachineSquares(props: {
  machines: IEnvironment['machines'];
  /** Asks which machines they are. */
  load: () => Promise<readonly IPoolMachine[]>;
}): JSX.Element | null {
  const trans = useTrans();
  const { machines, load } = props;
  const states = ORDER.flatMap(state => Array.from({ length: machines[state] }, () => state));
  const words: Record<MachineState, string> = {
    busy: trans.__('%1 busy', machines.busy),
    draining: trans.__('%1 closing', machines.draining),
    idle: trans.__('%1 idle', machines.idle),
    starting: trans.__('%1 starting', machines.starting)
  };
  const label = ORDER.filter(state => machines[state])
    .map(state => words[state])
    .join(', ');
  if (states.length === 0) {
    return null;
  }
  return (
    <Hover card={() => <Which load={load} label={label} />}>
      {() => (
        <span className="valo-Squares" role="img" aria-label={trans.__('Machines: %1', label)}>
          {states.slice(0, MOST).map((state, index) => (
            <span key={index} className="valo-Square" data-machine={state} />
          ))}
          {states.length > MOST && <span className="valo-Quiet">+{states.length - MOST}</span>}
        </span>
      )}
    </Hover>
  );
}

function Which(props: { load: () => Promise<readonly IPoolMachine[]>; label: string }): JSX.Element {
  const { load, label } = props;
  const [machines, setMachines] = useState<readonly IPoolMachine[]>([]);
  useEffect(() => {
    let current = true;
    load().then(
      answer => current && setMachines(answer),
      () => undefined // the numbers stand there already
    );
    return () => {
      current = false;
    };
  }, [load]);
  return (
    <span className="valo-Card">
      <strong>{label}</strong>
      {machines.slice(0, MOST).map(machine => (
        <span key={machine.name} className="valo-Card-machine">
          <span className="valo-Square" data-machine={machine.state} />
          <span>
            {machine.name} · <MachineWords machine={machine} />
          </span>
        </span>
      ))}
    </span>
  );
}
