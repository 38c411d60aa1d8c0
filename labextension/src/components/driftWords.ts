/** How far a notebook has moved on from an execution, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDrift } from '../api/types';

/** Whether anything differs. */
export function drifted(drift: IDrift | undefined): drift is IDrift {
  return drift !== undefined && (drift.changed > 0 || drift.removed > 0 || drift.cells.length > 0);
}

/** `changed since: 2 cells changed, 1 added` */
export function driftWords(trans: TranslationBundle, drift: IDrift): string {
  if (!drifted(drift)) {
    return trans.__('The notebook is as it was');
  }
  const count = (state: string) => drift.cells.filter(cell => cell.state === state).length;
  const changed = count('changed');
  const added = count('added');
  const parts = [
    changed && trans._n('%1 cell changed', '%1 cells changed', changed),
    added && trans._n('%1 added', '%1 added', added),
    drift.removed && trans._n('%1 removed', '%1 removed', drift.removed)
  ].filter(Boolean);
  return trans.__('Since then: %1', parts.join(', '));
}
