/** The content of files, read by way of the server: no more of it than is shown. */
import type { DataAPI } from './data';

/** What of a long text is read. */
export const READ = 200_000;

export interface IFile {
  id: string;
  name: string;
  size: number;
}

/** The beginning of a text; `cut` when there is more. */
export async function readText(
  api: DataAPI,
  { id, size }: IFile,
  most: number,
  signal: AbortSignal
): Promise<{ text: string; cut: boolean }> {
  const cut = size > most;
  const response = await api.content(id, whole(Math.min(size, most)), signal);
  // a letter that the end cuts in two is left out
  return { text: new TextDecoder().decode(await response.arrayBuffer(), { stream: cut }), cut };
}

/** Bytes as something that the browser shows without running anything in it. */
export async function readBlob(api: DataAPI, { id, name, size }: IFile, signal: AbortSignal): Promise<Blob> {
  const blob = await (await api.content(id, whole(size), signal)).blob();
  return /\.svg$/i.test(name) ? new Blob([blob], { type: 'image/svg+xml' }) : blob;
}

/** Without a range the server gives no more than the beginning; of nothing there is no range. */
function whole(size: number): { start: number; end: number } | null {
  return size > 0 ? { start: 0, end: size } : null;
}

/** A file of which any part can be read. */
export function readParts(
  api: DataAPI,
  { id, size }: IFile,
  signal: AbortSignal
): { byteLength: number; slice: (start: number, end?: number) => Promise<ArrayBuffer> } {
  return {
    byteLength: size,
    slice: async (start, end = size) => (await api.content(id, { start, end }, signal)).arrayBuffer()
  };
}
