/** The settings of an environment as fields, in groups. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IEngineKind } from '../api/pool';
import type { IField } from '../model/fields';

export interface IFieldGroup {
  title: string;
  help?: string;
  fields: IField[];
}

export function environmentGroups(trans: TranslationBundle, kind: IEngineKind | null): IFieldGroup[] {
  return [
    {
      title: trans.__('Environment'),
      fields: [
        { key: 'name', type: 'string', title: trans.__('Name'), required: true, placeholder: trans.__('GPU machines') },
        {
          key: 'slug',
          type: 'string',
          title: trans.__('Short name'),
          help: trans.__('Used in commands and steps; made from the name when empty.')
        },
        { key: 'description', type: 'string', title: trans.__('Description') },
        {
          key: 'hardware',
          type: 'string',
          title: trans.__('Hardware'),
          help: trans.__('For people; what a machine really has is recorded when it starts.'),
          placeholder: trans.__('8 cores, 32 GB')
        }
      ]
    },
    {
      title: kind ? trans.__('Engine: %1', kind.title) : trans.__('Engine'),
      help: kind?.description,
      fields: kind ? optionFields(kind) : []
    },
    {
      title: trans.__('Scale'),
      fields: [
        {
          key: 'min_scale',
          type: 'integer',
          title: trans.__('Minimum scale'),
          required: true,
          default: 0,
          help: trans.__('Machines kept running, also when nothing is to do.')
        },
        {
          key: 'max_scale',
          type: 'integer',
          title: trans.__('Maximum scale'),
          required: true,
          default: 5,
          help: trans.__('Machines in parallel; beyond it executions wait in line.')
        },
        {
          key: 'scale_down_grace_minutes',
          type: 'number',
          title: trans.__('Grace period, minutes'),
          required: true,
          default: 15,
          help: trans.__('How long a machine stays after its last execution.')
        },
        {
          key: 'requeue',
          type: 'integer',
          title: trans.__('Starts after a lost machine'),
          default: 1,
          help: trans.__('How often an execution is started again when its machine was lost.')
        }
      ]
    },
    {
      title: trans.__('Who may use it'),
      fields: [
        {
          key: 'enabled',
          type: 'flag',
          title: trans.__('Enabled'),
          default: true,
          help: trans.__('While it is not, executions there wait.')
        },
        {
          key: 'default',
          type: 'flag',
          title: trans.__('Default'),
          default: false,
          help: trans.__('Executions that name no environment go there.')
        },
        {
          key: 'allow_personal_usage',
          type: 'flag',
          title: trans.__('Personal projects'),
          default: true,
          help: trans.__('May use it, too.')
        },
        {
          key: 'per_user_quota',
          type: 'integer',
          title: trans.__('Quota of each user'),
          required: true,
          default: 0,
          help: trans.__('Machines that one user may use at once; 0: no limit.')
        },
        {
          key: 'team_quotas',
          type: 'quotas',
          title: trans.__('Quotas of teams'),
          help: trans.__('A team with 0 may not use it; one that is not named has no limit.')
        },
        {
          key: 'per_hour_price_usd',
          type: 'number',
          title: trans.__('Price per hour, USD'),
          help: trans.__('Of one machine; the cost of executions is computed from it.')
        }
      ]
    },
    {
      title: trans.__('Containers'),
      help: trans.__('How images are run, and what one execution may take of its machine.'),
      fields: [
        {
          key: 'image',
          type: 'string',
          title: trans.__('Image'),
          help: trans.__('For executions that name none; empty: they run as processes.'),
          placeholder: 'docker.io/library/python:3.12'
        },
        {
          key: 'containers.mode',
          type: 'string',
          title: trans.__('Images run'),
          default: 'always',
          choices: [
            { value: 'always', label: trans.__('always in a container') },
            { value: 'auto', label: trans.__('in a container where the machine can') },
            { value: 'never', label: trans.__('never; as a process') }
          ]
        },
        {
          key: 'containers.profile',
          type: 'string',
          title: trans.__('Profile'),
          default: 'default',
          choices: [
            { value: 'default', label: trans.__('default: packages can be installed') },
            { value: 'strict', label: trans.__('strict: read-only, no privileges') }
          ]
        },
        {
          key: 'containers.network',
          type: 'string',
          title: trans.__('Network'),
          default: 'bridge',
          choices: [
            { value: 'bridge', label: trans.__('bridge') },
            { value: 'none', label: trans.__('none') }
          ]
        },
        { key: 'containers.cpu', type: 'number', title: trans.__('Cores'), placeholder: trans.__('no limit') },
        {
          key: 'containers.memory_bytes',
          type: 'size',
          title: trans.__('Memory'),
          placeholder: trans.__('no limit, or such as 4 GB')
        },
        {
          key: 'containers.shm_bytes',
          type: 'size',
          title: trans.__('Shared memory'),
          placeholder: trans.__('such as 1 GB')
        },
        { key: 'containers.pids', type: 'integer', title: trans.__('Processes'), placeholder: trans.__('no limit') },
        { key: 'containers.gpus', type: 'integer', title: trans.__('GPUs'), placeholder: trans.__('none; -1 for all') }
      ]
    }
  ];
}

export function optionFields(kind: IEngineKind): IField[] {
  return kind.options.map(({ name, choices, ...option }) => ({
    ...option,
    key: `options.${name}`,
    choices: choices?.length ? choices.map(choice => ({ value: String(choice), label: String(choice) })) : undefined
  }));
}
