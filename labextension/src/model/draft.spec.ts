import { describe, expect, it } from 'vitest';
import type { INotebookInfo, IParameter } from '../api/types';
import { anExecution } from '../testing/server';
import {
  changesOf,
  draftOf,
  EMPTY,
  fitting,
  infoOf,
  isEmpty,
  isValid,
  NotAValue,
  requestOf,
  textOf,
  valueOf,
  variableProblem,
  withSecret
} from './draft';

const parameter = (type: IParameter['type'], optional = false): IParameter => ({
  name: 'p',
  type,
  default: 1,
  optional
});

const info: INotebookInfo = {
  project: { id: 'p1', name: 'digits' },
  folder: '/w',
  path: 'a.ipynb',
  parameters: [
    { name: 'lr', type: 'float', default: 0.1, optional: false },
    { name: 'epochs', type: 'integer', default: 5, optional: false },
    { name: 'fast', type: 'flag', default: true, optional: false }
  ],
  inputs: [{ name: 'data', default: ['a.csv'] }],
  kernel: 'python3',
  problems: []
};

describe('values typed into the form', () => {
  it.each([
    ['integer', ' 12 ', 12],
    ['integer', '-3', -3],
    ['float', '1e-3', 0.001],
    ['float', '2', 2],
    ['flag', 'false', false],
    ['string', ' a ', ' a '],
    ['string', '12', '12'],
    ['json', '{"a": [1]}', { a: [1] }],
    ['any', '0.5', '0.5']
  ] as const)('%s: %j', (type, text, value) => {
    expect(valueOf(text, parameter(type))).toEqual(value);
  });

  it.each([
    ['integer', '1.5'],
    ['integer', '1e3'],
    ['integer', ''],
    ['integer', '99999999999999999999'],
    ['float', 'nope'],
    ['float', ''],
    ['float', 'Infinity'],
    ['json', '{a}']
  ] as const)('%s refuses %j', (type, text) => {
    expect(() => valueOf(text, parameter(type))).toThrow(NotAValue);
  });

  it('an empty field of an optional parameter is none', () => {
    expect(valueOf('', parameter('float', true))).toBeNull();
    expect(textOf(null, 'float')).toBe('');
  });
});

describe('the request of a form', () => {
  it('holds only what differs from the notebook’s own', () => {
    const draft = { ...EMPTY, parameters: { epochs: '3', fast: 'false' }, tags: ' prod, , fast ', title: ' ' };
    expect(requestOf(draft, info)).toEqual({
      parameters: { epochs: 3, fast: false },
      inputs: {},
      tags: ['prod', 'fast'],
      title: undefined,
      environment: undefined,
      environment_variables: {},
      secret_environment_variables: {}
    });
  });

  it('takes inputs one a line', () => {
    const draft = { ...EMPTY, inputs: { data: 's3://b/x.csv\n\n b.csv ' } };
    expect(requestOf(draft, info).inputs).toEqual({ data: ['s3://b/x.csv', 'b.csv'] });
  });

  it('forgets what the notebook or the server no longer has', () => {
    const draft = { ...EMPTY, environment: 'gone', parameters: { lr: '1', old: '2' }, inputs: { gone: 'x' } };
    expect(fitting(draft, info, ['local'])).toEqual({ ...EMPTY, parameters: { lr: '1' } });
  });
});

describe('environment variables', () => {
  const draft = {
    ...EMPTY,
    variables: [
      { name: 'MODE', value: 'fast', secret: false },
      { name: 'TOKEN', value: 'hunter2', secret: true },
      { name: '', value: '', secret: false }
    ]
  };

  it('go plain or secret, and rows without a name not at all', () => {
    expect(requestOf(draft, info)).toMatchObject({
      environment_variables: { MODE: 'fast' },
      secret_environment_variables: { TOKEN: 'hunter2' }
    });
    expect(requestOf(withSecret(draft, 'MODE'), info).environment_variables).toEqual({});
    expect(isEmpty(draft)).toBe(false);
    expect(isEmpty(EMPTY)).toBe(true);
  });

  it('say what is wrong: the name, one that is there twice, a secret whose value is not kept', () => {
    const rows = [
      { name: '2x', value: '', secret: false },
      { name: 'A', value: '', secret: true },
      { name: 'A', value: '1', secret: false }
    ];
    const wrong = { ...EMPTY, variables: rows };
    expect(rows.map((_, index) => variableProblem(wrong, index))).toEqual(['name', 'value', 'twice']);
    expect(isValid(wrong, info)).toBe(false);
    expect(isValid(draft, info)).toBe(true);
  });
});

describe('an execution once more', () => {
  const execution = anExecution('x1', {
    tags: ['a', 'b'],
    parameters: { lr: 1, data: { k: 1 }, fast: true },
    inputs: [{ name: 'data', urls: ['s3://b/k'], files: [] }],
    environment_variables: { A: { value: '1', secret: false }, S: { value: null, secret: true } }
  });

  it('asks for what differs alone; secrets are copied where they are', () => {
    const draft = { ...draftOf(execution), parameters: { lr: '0.5' } };
    expect(requestOf(draft, infoOf(execution))).toEqual({
      parameters: { lr: 0.5 },
      inputs: {},
      tags: ['a', 'b'],
      title: 'quickstart',
      environment: 'local',
      image: undefined,
      resources: undefined,
      environment_variables: { A: '1' },
      secret_environment_variables: {}
    });
  });

  it('is without a variable that was taken away or made a secret one, and without a title', () => {
    const own = draftOf(execution);
    const none = { ...own, title: ' ', variables: [{ name: 'B', value: '2', secret: false }] };
    expect(changesOf(none, infoOf(execution), own)).toMatchObject({
      title: '',
      environment_variables: { A: null, B: '2' }
    });
    const hidden = { ...own, variables: [{ name: 'A', value: 'hunter2', secret: true }] };
    expect(changesOf(hidden, infoOf(execution), own)).toMatchObject({
      environment_variables: { A: null },
      secret_environment_variables: { A: 'hunter2' }
    });
    expect(changesOf(own, infoOf(execution), own).environment_variables).toEqual({ A: '1' });
  });
});
