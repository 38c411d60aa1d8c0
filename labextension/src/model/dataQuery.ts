/** What is typed into the search of files: words, and `tag:`, `alias:`, `store:`, `from:`, `run:`. */
import type { IDataFilter, Origin } from '../api/dataTypes';

export const ORIGINS: readonly Origin[] = ['output', 'input', 'upload', 'adopted'];

/** A filter as the page holds it: what is typed, and what is chosen beside it. */
export interface IDataChoice {
  search: string;
  tags: string[];
  alias: string;
  /** Name or id; `built-in`. */
  store: string;
  origin: Origin | '';
  /** Number or id of an execution. */
  execution: string;
}

export const EVERYTHING: IDataChoice = { search: '', tags: [], alias: '', store: '', origin: '', execution: '' };

const KEYS: Record<string, keyof IDataChoice> = {
  tag: 'tags',
  alias: 'alias',
  store: 'store',
  from: 'origin',
  origin: 'origin',
  run: 'execution',
  execution: 'execution'
};

/** A choice after something was typed: what has a key leaves the text and stands beside it. */
export function typed(choice: IDataChoice, text: string): IDataChoice {
  const next: IDataChoice = { ...choice, tags: [...choice.tags] };
  const words: string[] = [];
  // a value with spaces stands in quotes
  for (const [whole, key, quoted, plain] of text.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)) {
    const name = key && KEYS[key.toLowerCase()];
    const value = quoted ?? plain ?? '';
    if (!name || !value) {
      words.push(whole);
    } else if (name === 'tags') {
      next.tags = next.tags.includes(value) ? next.tags : [...next.tags, value];
    } else if (name === 'origin') {
      const origin = ORIGINS.find(known => known === value.toLowerCase());
      if (origin) {
        next.origin = origin;
      } else {
        words.push(whole);
      }
    } else if (name !== 'search') {
      next[name] = name === 'execution' ? value.replace(/^#/, '') : value;
    }
  }
  next.search = words.join(' ');
  return next;
}

/** Whether something after a key is still being typed: `tag:`, `tag:a` with the cursor at its end. */
export function unfinished(text: string): boolean {
  const last = /(?:^|\s)(\w+):(?:"[^"]*|\S*)$/.exec(text);
  return last !== null && last[1].toLowerCase() in KEYS;
}

export function isEverything(choice: IDataChoice): boolean {
  return Object.values(choice).every(value => value.length === 0);
}

/** What the server is asked; a number of an execution is one of the project's. */
export function filterOf(project: string, choice: IDataChoice, ordering?: IDataFilter['ordering']): IDataFilter {
  const { search, tags, alias, store, origin, execution } = choice;
  return {
    project,
    search: search.trim() || undefined,
    tag: tags.length ? tags : undefined,
    alias: alias || undefined,
    store: store || undefined,
    origin: origin || undefined,
    execution: /^\d+$/.test(execution) ? `${project}:${execution}` : execution || undefined,
    ordering
  };
}
