/** The machines of an environment: what each does, since when, and what it is. */
import type { IHardware, IPoolMachine } from '../api/pool';
import type { IMachine } from '../api/types';
import { formatAgo, formatBytes, formatTime } from './format';
import { MachineWords } from './MachineWords';
import { useTrans } from './trans';

export function MachineTable(props: {
  machines: readonly IPoolMachine[];
  onOpen: (execution: { id: string }) => void;
}): JSX.Element {
  const trans = useTrans();
  const { machines, onOpen } = props;
  if (machines.length === 0) {
    return <p className="valo-Quiet">{trans.__('None at the moment; one starts when an execution needs it.')}</p>;
  }
  return (
    <table className="valo-Table valo-Machines">
      <thead>
        <tr>
          <th scope="col">{trans.__('Machine')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Since')}</th>
          <th scope="col">{trans.__('Hardware')}</th>
        </tr>
      </thead>
      <tbody>
        {machines.map(machine => (
          <tr key={machine.name} data-machine={machine.state}>
            <th scope="row">{machine.name}</th>
            <td>
              <span className="valo-Square" data-machine={machine.state} aria-hidden="true" />{' '}
              {machine.execution ? (
                <button
                  type="button"
                  className="valo-Link"
                  onClick={() => machine.execution && onOpen(machine.execution)}
                >
                  <MachineWords machine={machine} />
                </button>
              ) : (
                <MachineWords machine={machine} />
              )}
            </td>
            <td title={formatTime(machine.since)}>{formatAgo(machine.since)}</td>
            <td>
              <Hardware hardware={machine.hardware} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** `ana@10.0.0.7 · builder-1 · on-prem · 8 cores · 32 GB · A100`. */
export function Hardware(props: { hardware: IHardware | null }): JSX.Element {
  const trans = useTrans();
  const { hardware } = props;
  if (!hardware) {
    return <span className="valo-Quiet">{trans.__('not known yet')}</span>;
  }
  const words = [
    hardware.host,
    hardware.hostname,
    placeWords(trans, hardware),
    hardware.cpu_count && trans._n('%1 core', '%1 cores', hardware.cpu_count),
    hardware.memory_bytes && formatBytes(hardware.memory_bytes),
    hardware.gpus?.join(', ')
  ];
  return <span title={hardware.cpu_model}>{words.filter(Boolean).join(' · ')}</span>;
}

/** Where a machine is: `on-prem`, or the provider and region of a cloud. */
export function placeWords(trans: ReturnType<typeof useTrans>, machine: IMachine): string {
  const place = machine.place === 'cloud' ? trans.__('cloud') : machine.place === 'on-prem' ? trans.__('on-prem') : '';
  return [place, machine.provider, machine.region].filter(Boolean).join(', ');
}
