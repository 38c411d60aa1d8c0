/** What a cell's run took, in a few words. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ICellRow } from './CellTable';
import { formatBytes, formatCost, formatDuration } from './format';

/** What a second of an execution's machine cost; null where that is not known, or nothing. */
export function pricePerSecond({ cost, duration }: { cost: number | null; duration: number | null }): number | null {
  return cost && duration ? cost / duration : null;
}

/** `2.3 s · 140 MB · $0.01`, `skipped: local-only`; empty before a cell has run. */
export function factsOf(trans: TranslationBundle, cell: ICellRow | undefined, price: number | null): string {
  if (cell?.state === 'skipped') {
    return cell.why ? trans.__('skipped: %1', cell.why) : trans.__('skipped');
  }
  if (cell?.state === 'running') {
    return trans.__('running');
  }
  if (!cell || cell.seconds === null) {
    return '';
  }
  return [
    formatDuration(trans, cell.seconds),
    cell.peakBytes !== null && formatBytes(cell.peakBytes),
    price !== null && formatCost(cell.seconds * price)
  ]
    .filter(Boolean)
    .join(' · ');
}
