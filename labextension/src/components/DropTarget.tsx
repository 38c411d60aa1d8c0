/** A place that takes files from the desktop; folders are taken with what is in them. */
import { useState, type DragEvent, type ReactNode } from 'react';
import { useTrans } from './trans';

export interface IChosenFile {
  file: File;
  /** With the folders it lies in. */
  name: string;
}

export function DropTarget(props: {
  className?: string;
  /** Null: nothing is taken. */
  onFiles: ((files: IChosenFile[]) => void) | null;
  children: ReactNode;
}): JSX.Element {
  const trans = useTrans();
  const { className = '', onFiles, children } = props;
  const [over, setOver] = useState(false);
  const takes = (event: DragEvent) => onFiles !== null && event.dataTransfer.types.includes('Files');
  return (
    <div
      className={`valo-Drop ${className}`}
      data-over={over || undefined}
      onDragOver={event => {
        if (takes(event)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'copy';
          setOver(true);
        }
      }}
      onDragLeave={event => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) {
          setOver(false);
        }
      }}
      onDrop={event => {
        setOver(false);
        if (takes(event)) {
          event.preventDefault();
          event.stopPropagation();
          void dropped(event.dataTransfer).then(files => files.length && onFiles?.(files));
        }
      }}
    >
      {children}
      {over && (
        <div className="valo-Drop-words" aria-hidden="true">
          {trans.__('Drop to upload')}
        </div>
      )}
    </div>
  );
}

/** The files of a drop; what it holds must be taken before it ends, so all entries are asked for at once. */
function dropped(transfer: DataTransfer): Promise<IChosenFile[]> {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.() ?? null);
  if (entries.every(entry => entry === null)) {
    return Promise.resolve([...transfer.files].map(file => ({ file, name: file.name })));
  }
  return inside(entries.filter((entry): entry is FileSystemEntry => entry !== null));
}

async function inside(entries: readonly FileSystemEntry[]): Promise<IChosenFile[]> {
  const found: IChosenFile[] = [];
  for (const entry of entries) {
    if (entry.isDirectory) {
      found.push(...(await inside(await listed(entry as FileSystemDirectoryEntry))));
    } else {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push({ file, name: entry.fullPath.replace(/^\//, '') });
    }
  }
  return found;
}

/** A reader gives a folder in pieces, until one is empty. */
async function listed(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) {
      return all;
    }
    all.push(...piece);
  }
}
