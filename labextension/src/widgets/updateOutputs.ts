/** Brings a cell's shown outputs up to date without drawing anew what stayed. */
import type { IOutput } from '@jupyterlab/nbformat';
import type { IOutputAreaModel } from '@jupyterlab/outputarea';
import { JSONExt, type ReadonlyJSONValue } from '@lumino/coreutils';

/** Keep the outputs that are the same, replace the last that grew, append what came. */
export function updateOutputs(area: IOutputAreaModel, outputs: IOutput[]): void {
  const shown = area.toJSON();
  const same = (index: number) =>
    JSONExt.deepEqual(normal(shown[index]) as ReadonlyJSONValue, normal(outputs[index]) as ReadonlyJSONValue);
  let kept = 0;
  while (kept < shown.length && kept < outputs.length && same(kept)) {
    kept += 1;
  }
  if (kept === shown.length && kept === outputs.length) {
    return;
  }
  const onlyLastChanged = kept === shown.length || (kept === shown.length - 1 && outputs.length >= shown.length);
  if (!onlyLastChanged || shown.length === 0) {
    area.fromJSON(outputs);
    return;
  }
  if (kept < shown.length) {
    area.set(kept, outputs[kept]);
    kept += 1;
  }
  outputs.slice(kept).forEach(output => area.add(output));
}

/** nbformat allows text as one string or as lines. */
function normal(output: IOutput): unknown {
  return 'text' in output && Array.isArray(output.text) ? { ...output, text: output.text.join('') } : output;
}
