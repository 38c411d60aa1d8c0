/** What a user has changed of an environment's settings, and the request it becomes. */
import type { ValoError } from '../api/errors';
import type { EnvironmentChanges } from '../api/pool';
import type { IEnvironment, Value } from '../api/types';
import { textOfField, valueOfField, WrongText, type FieldProblem, type IField } from './fields';

/** Texts of the fields that were touched, by key; null: a secret that is to be removed. */
export type SettingsDraft = Readonly<Record<string, string | null>>;

type Saved = Readonly<Record<string, Value>> | null;

/** The value that is saved; what holds by default where nothing is. */
export function savedValue(field: IField, saved: Saved): Value | undefined {
  const [group, name] = split(field.key);
  const inside = group ? (saved?.[group] as Record<string, Value> | undefined) : saved;
  return inside?.[name] ?? field.default;
}

export function savedText(field: IField, saved: Saved): string {
  return field.secret ? '' : textOfField(field, savedValue(field, saved));
}

/** Whether a secret is saved; its value is never shown. */
export function hasSecret(field: IField, saved: Saved): boolean {
  const value = savedValue(field, saved);
  return typeof value === 'object' && value !== null && !Array.isArray(value) && value.set === true;
}

/** The draft after a field was changed; back at what is saved it counts as untouched. */
export function touched(draft: SettingsDraft, field: IField, text: string | null | undefined, saved: Saved) {
  const next: Record<string, string | null> = { ...draft };
  if (text === undefined || (!field.secret && text === savedText(field, saved))) {
    delete next[field.key];
  } else {
    next[field.key] = text;
  }
  return next as SettingsDraft;
}

/**
 * What to send of the fields that were touched, and what of them is no value. An object that is written as a whole
 * (`whole`: the engine's options) is sent with all its fields, but for secrets that stay as they are.
 */
export function changesOf(
  fields: readonly IField[],
  draft: SettingsDraft,
  saved: Saved,
  whole: readonly string[] = []
): { changes: EnvironmentChanges; problems: Record<string, FieldProblem> } {
  const changes: EnvironmentChanges = {};
  const problems: Record<string, FieldProblem> = {};
  const objects = new Set(whole);
  fields.filter(({ key }) => key in draft).forEach(({ key }) => objects.add(split(key)[0]));
  for (const field of fields) {
    const [group, name] = split(field.key);
    const text = draft[field.key];
    if (text === undefined && (field.secret || !group || !objects.has(group))) {
      continue;
    }
    try {
      const value = text === undefined ? savedValue(field, saved) : text === null ? null : valueOfField(field, text);
      if (group) {
        const inside = (changes[group] ??= {}) as Record<string, Value>;
        if (value !== undefined && (value !== null || field.secret || group !== 'options')) {
          inside[name] = value;
        }
      } else {
        changes[name] = value ?? null;
      }
    } catch (reason) {
      if (!(reason instanceof WrongText)) {
        throw reason;
      }
      problems[field.key] = reason.problem;
    }
  }
  for (const group of whole) {
    changes[group] ??= {};
  }
  return { changes, problems };
}

/** Whether a field needs a value that nothing gives by itself. */
export function isMissing({ required, default: standard }: IField): boolean {
  const empty = standard === null || standard === undefined || standard === '';
  return Boolean(required) && (empty || (Array.isArray(standard) && standard.length === 0));
}

/** Of something new: the fields that need a value, have no default, and were not filled in. */
export function missingOf(fields: readonly IField[], draft: SettingsDraft): Record<string, FieldProblem> {
  return Object.fromEntries(
    fields.filter(field => isMissing(field) && !draft[field.key]).map(({ key }) => [key, 'required' as const])
  );
}

/** What the server refused, a sentence for each field; the whole message when it names none. */
export function refusedOf({ details, message }: ValoError): Record<string, string> {
  const sentences = Object.entries(details).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return sentences.length ? Object.fromEntries(sentences) : { '': message };
}

/** An environment as the fields read it. */
export function asSaved(environment: IEnvironment | null): Saved {
  return environment as unknown as Saved;
}

function split(key: string): [group: string, name: string] {
  const place = key.indexOf('.');
  return place < 0 ? ['', key] : [key.slice(0, place), key.slice(place + 1)];
}
