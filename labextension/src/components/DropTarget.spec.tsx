import { createEvent, fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { until } from '../testing/until';
import { DropTarget, type IChosenFile } from './DropTarget';

const file = new File(['1'], 'a.csv');

/** An entry of a dropped folder, as browsers give it: its reader has one piece, and then none. */
function folder(path: string, ...inside: object[]): object {
  const pieces = [inside, []];
  return {
    isDirectory: true,
    fullPath: path,
    createReader: () => ({ readEntries: (give: (entries: object[]) => void) => give(pieces.shift() ?? []) })
  };
}

const entry = (path: string) => ({
  isDirectory: false,
  fullPath: path,
  file: (give: (file: File) => void) => give(file)
});

function drop(kind: 'dragOver' | 'drop', transfer: object): boolean {
  const target = screen.getByText('files');
  const event = createEvent[kind](target);
  Object.assign(event, { dataTransfer: { types: ['Files'], files: [], items: [], ...transfer } });
  return fireEvent(target, event);
}

function show(onFiles: ((files: IChosenFile[]) => void) | null): void {
  render(<DropTarget onFiles={onFiles}>files</DropTarget>);
}

describe('a place to drop files', () => {
  it('takes files, and says so while they are above it', async () => {
    const onFiles = vi.fn();
    show(onFiles);
    expect(drop('dragOver', {})).toBe(false); // the browser would open it else
    expect(screen.getByText('Drop to upload')).toBeTruthy();
    drop('drop', { files: [file] });
    expect(screen.queryByText('Drop to upload')).toBeNull();
    await until(() => expect(onFiles).toHaveBeenCalledWith([{ file, name: 'a.csv' }]));
  });

  it('takes folders with what is in them, by their paths', async () => {
    const onFiles = vi.fn();
    show(onFiles);
    const dropped = folder('/set', entry('/set/a.csv'), folder('/set/more', entry('/set/more/b.csv')));
    drop('drop', { items: [{ webkitGetAsEntry: () => dropped }] });
    await until(() => expect(onFiles).toHaveBeenCalled());
    expect(onFiles.mock.calls[0][0].map(({ name }: IChosenFile) => name)).toEqual(['set/a.csv', 'set/more/b.csv']);
  });

  it('leaves alone what is no file, and everything while it takes none', () => {
    const onFiles = vi.fn();
    show(onFiles);
    expect(drop('dragOver', { types: ['text/plain'] })).toBe(true);
    expect(screen.queryByText('Drop to upload')).toBeNull();
  });
});
