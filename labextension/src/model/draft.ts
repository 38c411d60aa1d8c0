/** What the user fills into the run form, and the request it becomes. */
import type {
  IExecution,
  IExecutionChanges,
  INotebookInfo,
  IParameter,
  IResources,
  IRunRequest,
  Value
} from '../api/types';
import { valueOfField, WrongText, type FieldProblem, type IField } from './fields';

/** An environment variable of the run, as typed. */
export interface IVariable {
  name: string;
  /** Of a remembered secret it is empty: only its name is kept. */
  value: string;
  secret: boolean;
}

export interface IDraft {
  environment: string;
  /** Texts as typed; a parameter without one keeps the notebook's own value. */
  parameters: Record<string, string>;
  /** Addresses, one a line; an input without them keeps the notebook's own. */
  inputs: Record<string, string>;
  tags: string;
  title: string;
  image: string;
  /** What the machine is asked for, as typed. */
  cpu: string;
  memory: string;
  gpus: string;
  variables: IVariable[];
}

export const EMPTY: IDraft = {
  environment: '',
  parameters: {},
  inputs: {},
  tags: '',
  title: '',
  image: '',
  cpu: '',
  memory: '',
  gpus: '',
  variables: []
};

/** Whether it asks for nothing but the notebook's own. */
export function isEmpty(draft: IDraft): boolean {
  return Object.entries(draft).every(([, value]) =>
    typeof value === 'string' ? value.trim() === '' : Object.keys(value as object).length === 0
  );
}

/** The fields of resources, as the form has them. */
export const RESOURCES = {
  cpu: { key: 'cpu', type: 'number', title: '' },
  memory: { key: 'memory_bytes', type: 'size', title: '' },
  gpus: { key: 'gpus', type: 'integer', title: '' }
} as const satisfies Record<string, IField>;

/** Why a text is no value of a parameter. */
export class NotAValue extends Error {
  constructor(readonly type: IParameter['type']) {
    super(type);
  }
}

/** The text that stands for a value in a field. */
export function textOf(value: Value, type: IParameter['type']): string {
  if (value === null) {
    return '';
  }
  return type === 'json' || typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The value that a text stands for; `NotAValue` when it does not fit the type. */
export function valueOf(text: string, parameter: IParameter): Value {
  const { type, optional } = parameter;
  const trimmed = text.trim();
  if (optional && trimmed === '') {
    return null;
  }
  switch (type) {
    case 'string':
    case 'any':
      return text;
    case 'flag':
      return text === 'true';
    case 'integer':
      if (/^[+-]?\d+$/.test(trimmed) && Number.isSafeInteger(Number(trimmed))) {
        return Number(trimmed);
      }
      break;
    case 'float':
      if (trimmed !== '' && Number.isFinite(Number(trimmed))) {
        return Number(trimmed);
      }
      break;
    case 'json':
      try {
        return JSON.parse(text) as Value;
      } catch {
        // said below, as of any other type
      }
  }
  throw new NotAValue(type);
}

/** What `valo/run` is asked for: only what differs from the notebook's own. */
export function requestOf(draft: IDraft, info: INotebookInfo): Omit<IRunRequest, 'path'> {
  const parameters: Record<string, Value> = {};
  for (const parameter of info.parameters) {
    const text = draft.parameters[parameter.name];
    if (text !== undefined) {
      parameters[parameter.name] = valueOf(text, parameter);
    }
  }
  const inputs: Record<string, string[]> = {};
  for (const { name } of info.inputs) {
    const text = draft.inputs[name];
    if (text !== undefined) {
      inputs[name] = split(text, /\n/);
    }
  }
  return {
    parameters,
    inputs,
    tags: split(draft.tags, /[,\n]/),
    title: draft.title.trim() || undefined,
    environment: draft.environment || undefined,
    image: draft.image.trim() || undefined,
    resources: resourcesOf(draft),
    environment_variables: variablesOf(draft, false),
    secret_environment_variables: variablesOf(draft, true)
  };
}

/** What `copy/` is asked for, which keeps what is not named: also what is to be taken away. */
export function changesOf(draft: IDraft, info: INotebookInfo, own: IDraft): IExecutionChanges {
  const { environment_variables, ...rest } = requestOf(draft, info);
  return {
    ...rest,
    title: draft.title.trim(),
    environment_variables: {
      ...Object.fromEntries(Object.keys(variablesOf(own, false)).map(name => [name, null])),
      ...environment_variables
    }
  };
}

function variablesOf({ variables }: IDraft, secret: boolean): Record<string, string> {
  const wanted = variables.filter(row => row.secret === secret && row.name.trim());
  return Object.fromEntries(wanted.map(({ name, value }) => [name.trim(), value]));
}

export type VariableProblem = 'name' | 'twice' | 'value';

/** Why a row is no variable; an empty row is none, and no problem. */
export function variableProblem({ variables }: IDraft, index: number): VariableProblem | null {
  const { name, value, secret } = variables[index];
  const trimmed = name.trim();
  if (!trimmed) {
    return value ? 'name' : null;
  }
  if (!/^[A-Za-z_]\w*$/.test(trimmed)) {
    return 'name';
  }
  if (variables.some((other, place) => place < index && other.name.trim() === trimmed)) {
    return 'twice';
  }
  return secret && !value ? 'value' : null;
}

/** Whether it can be run as it is. */
export function isValid(draft: IDraft, info: INotebookInfo): boolean {
  return (
    RESOURCE_NAMES.every(name => resourceProblem(draft, name) === null) &&
    draft.variables.every((_, index) => variableProblem(draft, index) === null) &&
    info.parameters.every(parameter => {
      const text = draft.parameters[parameter.name];
      return text === undefined || parameterProblem(text, parameter) === null;
    })
  );
}

/** The type that a parameter's text does not fit. */
export function parameterProblem(text: string, parameter: IParameter): IParameter['type'] | null {
  try {
    valueOf(text, parameter);
    return null;
  } catch (reason) {
    if (reason instanceof NotAValue) {
      return reason.type;
    }
    throw reason;
  }
}

/** Makes a plain variable a secret one: its value is shown and kept nowhere. */
export function withSecret(draft: IDraft, name: string): IDraft {
  return {
    ...draft,
    variables: draft.variables.map(row => (row.name.trim() === name ? { ...row, secret: true } : row))
  };
}

export const RESOURCE_NAMES = Object.keys(RESOURCES) as (keyof typeof RESOURCES)[];

function resourcesOf(draft: IDraft): IResources | undefined {
  const wanted = RESOURCE_NAMES.filter(name => draft[name].trim()).map(name => [
    RESOURCES[name].key,
    valueOfField(RESOURCES[name], draft[name])
  ]);
  return wanted.length ? (Object.fromEntries(wanted) as IResources) : undefined;
}

/** Why the text of a resource is no value of it. */
export function resourceProblem(draft: IDraft, name: keyof typeof RESOURCES): FieldProblem | null {
  try {
    valueOfField(RESOURCES[name], draft[name]);
    return null;
  } catch (reason) {
    if (reason instanceof WrongText) {
      return reason.problem;
    }
    throw reason;
  }
}

/** A remembered draft without what the notebook or the server no longer has; null: environments are not known. */
export function fitting(draft: IDraft, info: INotebookInfo, environments: readonly string[] | null): IDraft {
  const only = (values: Record<string, string>, names: readonly { name: string }[]) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => names.some(known => known.name === name)));
  return {
    ...draft,
    environment: !environments || environments.includes(draft.environment) ? draft.environment : '',
    parameters: only(draft.parameters, info.parameters),
    inputs: only(draft.inputs, info.inputs)
  };
}

/** Files that were chosen elsewhere go to the first input; one without inputs takes none. */
export function withFiles(draft: IDraft, info: INotebookInfo, files: readonly { address: string }[]): IDraft {
  const [first] = info.inputs;
  if (!first || files.length === 0) {
    return draft;
  }
  const text = files.map(({ address }) => address).join('\n');
  return { ...draft, inputs: { ...draft.inputs, [first.name]: text } };
}

function split(text: string, by: RegExp): string[] {
  return text
    .split(by)
    .map(part => part.trim())
    .filter(Boolean);
}

/** What an execution was given, in the form that a notebook's own is in: the form then says what is to differ. */
export function infoOf(execution: IExecution): INotebookInfo {
  return {
    project: execution.project,
    folder: '',
    path: execution.notebook?.path ?? '',
    parameters: Object.entries(execution.parameters).map(([name, value]) => ({
      name,
      type: typeOf(value),
      default: value,
      optional: value === null
    })),
    inputs: execution.inputs.map(({ name, urls }) => ({ name, default: urls })),
    kernel: null,
    problems: []
  };
}

/** The draft that repeats an execution. */
export function draftOf(execution: IExecution): IDraft {
  const variables = Object.entries(execution.environment_variables);
  return {
    ...EMPTY,
    environment: execution.environment.slug,
    tags: execution.tags.join(', '),
    title: execution.title,
    // secret ones are copied on the server, and never read
    variables: variables
      .filter(([, { secret }]) => !secret)
      .map(([name, { value }]) => ({ name, value: value ?? '', secret: false }))
  };
}

function typeOf(value: Value): IParameter['type'] {
  switch (typeof value) {
    case 'number':
      return 'float';
    case 'boolean':
      return 'flag';
    case 'string':
      return 'string';
    default:
      return value === null ? 'any' : 'json';
  }
}
