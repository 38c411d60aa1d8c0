/** The settings of a data store as fields: its name, where it is, and what opens it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IStoreKind } from '../api/dataTypes';
import type { IEngineOption } from '../api/pool';
import type { IField } from '../model/fields';
import type { IFieldGroup } from './environmentFields';

/** Options that most stores of their kind are given; what is needed is among the first anyway. */
const COMMON = new Set(['region', 'endpoint_url', 'prefix']);

export function storeGroups(trans: TranslationBundle, kind: IStoreKind): IFieldGroup[] {
  const field = (group: string) => (option: IEngineOption) => fieldOf(trans, group, option);
  const isFirst = ({ name, required }: IEngineOption) => required || COMMON.has(name);
  return [
    {
      title: kind.title,
      fields: [
        { key: 'name', type: 'string', title: trans.__('Name'), required: true, placeholder: trans.__('team data') },
        ...kind.options.filter(isFirst).map(field('options'))
      ]
    },
    {
      title: trans.__('Credentials'),
      help: trans.__('Kept encrypted and never shown again. Without any, those of the machine are used.'),
      fields: kind.credentials.map(field('credentials')).map(({ secret, ...credential }) => ({
        ...credential,
        secret: true,
        open: !secret
      }))
    },
    {
      title: trans.__('Less often needed'),
      fields: kind.options.filter(option => !isFirst(option)).map(field('options'))
    }
  ];
}

function fieldOf(trans: TranslationBundle, group: string, { name, choices, ...option }: IEngineOption): IField {
  // one that may stand open is neither yes nor no
  const open = option.type === 'flag' && option.default === null;
  return {
    ...option,
    key: `${group}.${name}`,
    choices: open
      ? [
          { value: '', label: trans.__('as it fits') },
          { value: 'true', label: trans.__('yes') },
          { value: 'false', label: trans.__('no') }
        ]
      : choices?.map(choice => ({ value: String(choice), label: String(choice) }))
  };
}
