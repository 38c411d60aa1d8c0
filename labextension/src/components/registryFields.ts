/** An entry for a private registry as fields; what is entered differs between the types. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { RegistryType } from '../api/pool';
import type { IFieldGroup } from './environmentFields';

export function registryTypes(trans: TranslationBundle): Record<RegistryType, string> {
  return {
    'docker-hub': trans.__('Docker Hub'),
    azure: trans.__('Azure Container Registry'),
    ecr: trans.__('AWS ECR'),
    gcp: trans.__('Google Cloud'),
    generic: trans.__('another registry')
  };
}

export function registryGroups(trans: TranslationBundle, type: RegistryType, title: string): IFieldGroup[] {
  const words: Record<RegistryType, [match: string, username: string, password: string]> = {
    'docker-hub': ['docker.io/myusername/*', trans.__('User name'), trans.__('Access token')],
    azure: ['myregistry.azurecr.io/*', trans.__('Id of the service principal'), trans.__('Its password')],
    ecr: ['123456789012.dkr.ecr.eu-west-1.amazonaws.com/*', trans.__('Access key id'), trans.__('Secret access key')],
    gcp: ['gcr.io/project/registry:*', trans.__('User name'), trans.__('Key of the service account, JSON')],
    generic: ['registry.example.org/team/*', trans.__('User name'), trans.__('Password')]
  };
  const [match, username, password] = words[type];
  return [
    {
      title,
      fields: [
        {
          key: 'type',
          type: 'string',
          title: trans.__('Type'),
          default: 'docker-hub',
          choices: Object.entries(registryTypes(trans)).map(([value, label]) => ({ value, label }))
        },
        {
          key: 'match',
          type: 'string',
          title: trans.__('Images'),
          required: true,
          placeholder: match,
          help: trans.__('Which images the entry is for; /* or :* at the end covers what is below.')
        },
        {
          key: 'username',
          type: 'string',
          title: username,
          placeholder: type === 'gcp' ? '_json_key' : undefined
        },
        {
          key: 'password',
          type: type === 'gcp' ? 'text' : 'string',
          title: password,
          required: true,
          secret: true,
          help: trans.__('Kept encrypted, and never shown again.')
        }
      ]
    }
  ];
}
