/** nbformat stores long text as a list of lines; Lab's models take it in one piece. */
import type { ICell, IMimeBundle, INotebookContent, IOutput } from '@jupyterlab/nbformat';

export function joinLines(content: INotebookContent): INotebookContent {
  return { ...content, cells: content.cells.map(cellOf) };
}

function cellOf(cell: ICell): ICell {
  const joined: ICell = { ...cell, source: text(cell.source) };
  if (Array.isArray(cell.outputs)) {
    joined.outputs = (cell.outputs as IOutput[]).map(outputOf);
  }
  if (cell.attachments) {
    const attachments = Object.entries(cell.attachments as Record<string, IMimeBundle>);
    joined.attachments = Object.fromEntries(attachments.map(([name, bundle]) => [name, bundleOf(bundle)]));
  }
  return joined;
}

function outputOf(output: IOutput): IOutput {
  const joined: IOutput = { ...output };
  if (output.text !== undefined) {
    joined.text = text(output.text as string | string[]);
  }
  if (output.data) {
    joined.data = bundleOf(output.data as IMimeBundle);
  }
  return joined;
}

/** A list of a JSON type is a value of its own. */
function bundleOf(bundle: IMimeBundle): IMimeBundle {
  const isJson = (type: string) => /^application\/(json$|.*\+json$)/.test(type);
  return Object.fromEntries(
    Object.entries(bundle).map(([type, value]) => [
      type,
      Array.isArray(value) && !isJson(type) ? text(value as string[]) : value
    ])
  );
}

function text(value: string | string[]): string {
  return Array.isArray(value) ? value.join('') : value;
}
