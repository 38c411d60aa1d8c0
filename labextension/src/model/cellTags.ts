/** Tags that say where a cell runs. */
import type { ICellModel } from '@jupyterlab/cells';

export type PlaceTag = 'local-only' | 'remote-only';

/** The tag of a code cell; null: it runs in both places. */
export function placeTag(model: Pick<ICellModel, 'type' | 'getMetadata'>): PlaceTag | null {
  if (model.type !== 'code') {
    return null;
  }
  const tags: unknown = model.getMetadata('tags');
  const has = (tag: PlaceTag) => Array.isArray(tags) && tags.includes(tag);
  return has('remote-only') ? 'remote-only' : has('local-only') ? 'local-only' : null;
}
