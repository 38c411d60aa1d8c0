/** Lets the user choose files of the own computer. */
import type { IChosenFile } from './DropTarget';

export function pickFiles(several: boolean, onFiles: (files: IChosenFile[]) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = several;
  input.addEventListener('change', () =>
    onFiles([...(input.files ?? [])].map(file => ({ file, name: file.webkitRelativePath || file.name })))
  );
  input.click();
}
