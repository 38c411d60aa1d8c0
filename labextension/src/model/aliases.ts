/** Aliases of files: one name means one file, and may come to mean another. */
import type { DataAPI } from '../api/data';
import type { IAliasChange, IDatum } from '../api/dataTypes';

/**
 * Give a file these aliases and no others. `mayMove` is asked before one is taken from another file; where it says no,
 * that one stays. → The file as it is then.
 */
export async function setAliases(
  api: DataAPI,
  datum: IDatum,
  names: readonly string[],
  mayMove: (alias: string, from: IDatum) => Promise<boolean>
): Promise<IDatum> {
  const aliases: string[] = [];
  for (const name of names) {
    const [holder] = datum.aliases.includes(name)
      ? []
      : (await api.list({ project: datum.project, alias: name, limit: 1 })).results;
    if (!holder || holder.id === datum.id || (await mayMove(name, holder))) {
      aliases.push(name);
    }
  }
  return api.change(datum.id, { aliases });
}

export async function aliasHistory(api: DataAPI, project: string, name: string): Promise<readonly IAliasChange[]> {
  const { results } = await api.aliases(project);
  const alias = results.find(known => known.name === name);
  return alias ? (await api.aliasHistory(alias.id)).results : [];
}
