/** What an environment's machines are made by, as a sign with its name. */
import { useTrans } from './trans';

const LAPTOP = 'M3 4h10v6.5H3zM1.5 12.5h13';
const TERMINAL = 'M2 3.5h12v9H2zM4.5 6l2 2-2 2M8 10h3';
const RACK = 'M3 2.5h10v4H3zM3 9.5h10v4H3zM5 4.5h.5M5 11.5h.5M8 6.5v3';
const HEXAGON = 'M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM8 5.5v5M5.8 6.7l4.4 2.6M10.2 6.7L5.8 9.3';
const CLOUD = 'M4.5 12.5a3 3 0 0 1-.3-6A4 4 0 0 1 12 7a2.8 2.8 0 0 1-.3 5.5z';

const SIGNS: Record<string, string> = { local: LAPTOP, ssh: TERMINAL, slurm: RACK, kubernetes: HEXAGON };

/** `named`: with its name beside it. */
export function EngineIcon(props: { engine: string; named?: boolean }): JSX.Element {
  const trans = useTrans();
  const names: Record<string, string> = {
    local: trans.__('this computer'),
    ssh: trans.__('hosts over SSH'),
    slurm: trans.__('Slurm cluster'),
    kubernetes: trans.__('Kubernetes cluster'),
    ec2: trans.__('AWS EC2'),
    azure: trans.__('Azure'),
    gcp: trans.__('Google Cloud'),
    openstack: trans.__('OpenStack')
  };
  const name = names[props.engine] ?? props.engine;
  const sign = <path d={SIGNS[props.engine] ?? CLOUD} />;
  if (props.named) {
    return (
      <span className="valo-Engine-named">
        <svg className="valo-Engine" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          {sign}
        </svg>{' '}
        {name}
      </span>
    );
  }
  return (
    <svg className="valo-Engine" viewBox="0 0 16 16" width="16" height="16" role="img" aria-label={name}>
      <title>{name}</title>
      {sign}
    </svg>
  );
}
