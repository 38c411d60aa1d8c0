/** Environments, machines and engines as the server tells of them. */
import type { IEngineKind, IPoolMachine } from '../api/pool';
import type { IEnvironment } from '../api/types';

export function anEnvironment(slug: string, changes: Partial<IEnvironment> = {}): IEnvironment {
  return {
    id: `e-${slug}`,
    name: slug,
    slug,
    description: '',
    hardware: '',
    engine: 'local',
    options: {},
    enabled: true,
    default: false,
    min_scale: 0,
    max_scale: 5,
    scale_down_grace_minutes: 15,
    per_user_quota: 0,
    team_quotas: {},
    allow_personal_usage: true,
    per_hour_price_usd: null,
    gpu_spec: '',
    image: null,
    containers: {
      mode: 'always',
      profile: 'default',
      network: 'bridge',
      cpu: null,
      memory_bytes: null,
      pids: null,
      shm_bytes: null,
      gpus: null
    },
    requeue: 1,
    problem: null,
    unfinished_job_count: 0,
    queue: { created: 0, queued: 0, running: 0 },
    machines: { starting: 0, idle: 0, busy: 0, draining: 0 },
    cost: { running: 0, day: 0 },
    ctime: '2026-01-01T10:00:00.000000',
    ...changes
  };
}

export function aMachine(name: string, changes: Partial<IPoolMachine> = {}): IPoolMachine {
  return {
    name,
    state: 'idle',
    since: '2026-01-01T10:00:00.000000',
    idle_until: null,
    execution: null,
    hardware: { hostname: name, cpu_count: 8, memory_bytes: 32_000_000_000, place: 'on-prem' },
    ...changes
  };
}

export const SSH: IEngineKind = {
  kind: 'ssh',
  title: 'SSH',
  description: 'Machines are processes on hosts.',
  tested: 'here',
  installed: true,
  install: null,
  options: [
    option('hosts', 'list', { title: 'Hosts', required: true, default: [] }),
    option('key', 'text', { title: 'Private key', secret: true }),
    option('accept_new_hosts', 'flag', { title: 'Accept new hosts', default: false }),
    option('environment', 'object', { title: 'Environment variables', default: {} })
  ]
};

function option(
  name: string,
  type: IEngineKind['options'][number]['type'],
  changes: Partial<IEngineKind['options'][number]>
): IEngineKind['options'][number] {
  return {
    name,
    type,
    title: name,
    help: '',
    required: false,
    secret: false,
    default: null,
    choices: null,
    ...changes
  };
}
