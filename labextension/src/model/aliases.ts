/** Aliases of files: one name means one file, and may come to mean another. */
import type { DataAPI } from '../api/data';
import type { IAlias, IAliasChange, IDatum } from '../api/dataTypes';

/** The alias of a project with this name; null when there is none. */
async function find(api: DataAPI, project: string, name: string): Promise<IAlias | null> {
  const { results } = await api.aliases(project);
  return results.find(alias => alias.name === name) ?? null;
}

/**
 * Give a file these aliases and no others. `mayMove` is asked before one is taken from another file; where it says no,
 * that one stays. → The file as it is then.
 */
export async function setAliases(
  api: DataAPI,
  datum: IDatum,
  names: readonly string[],
  mayMove: (alias: IAlias) => Promise<boolean>
): Promise<IDatum> {
  const { project, aliases, id } = datum;
  for (const name of aliases.filter(known => !names.includes(known))) {
    const alias = await find(api, project, name);
    if (alias) {
      await api.moveAlias(alias.id, null);
    }
  }
  for (const name of names.filter(wanted => !aliases.includes(wanted))) {
    const alias = await find(api, project, name);
    if (!alias) {
      await api.createAlias({ name, project, datum: id });
    } else if (!alias.datum || alias.datum.id === id || (await mayMove(alias))) {
      await api.moveAlias(alias.id, id);
    }
  }
  return api.datum(id);
}

export async function aliasHistory(api: DataAPI, project: string, name: string): Promise<readonly IAliasChange[]> {
  const alias = await find(api, project, name);
  return alias ? (await api.aliasHistory(alias.id)).results : [];
}
