/** A notebook that is a file: in Lab's own cells, read only and untrusted. */
import type { INotebookContent } from '@jupyterlab/nbformat';
import { Signal } from '@lumino/signaling';
import { useCallback } from 'react';
import { readText } from '../api/files';
import { ExecutedNotebook } from './executedNotebook';
import { useContent, type IPreviewProps } from './filePreview';
import { LuminoHost } from './luminoHost';

export default function NotebookPreview(props: IPreviewProps): JSX.Element {
  const { api, file, renderers } = props;
  const { value: content, state } = useContent(
    async signal => JSON.parse((await readText(api, file, file.size, signal)).text) as INotebookContent,
    [api, file.id]
  );
  const create = useCallback(() => {
    const stateChanged = new Signal<unknown, void>({});
    return new ExecutedNotebook({ content, stateChanged, placeOf: () => -1 }, renderers, null);
  }, [content, renderers]);
  return content ? <LuminoHost className="valo-Preview-notebook" create={create} /> : state;
}
