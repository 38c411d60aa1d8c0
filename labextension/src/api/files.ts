/** The content of files, read by way of the server: no more of it than is shown. */
import type { DataAPI } from './data';

/** What of a long text is read. */
export const READ = 200_000;
const PIECE = 8_000_000;

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
  const bytes = await new Blob(await readWhole(api, id, Math.min(size, most), signal)).arrayBuffer();
  return { text: decoded(bytes, cut), cut };
}

/** UTF-8, and what is not that as the older encoding that it likely is. */
function decoded(bytes: ArrayBuffer, cut: boolean): string {
  try {
    // a letter that the end cuts in two is left out
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Bytes as something that the browser shows without running anything in it. */
export async function readBlob(api: DataAPI, { id, name, size }: IFile, signal: AbortSignal): Promise<Blob> {
  const parts = await readWhole(api, id, size, signal);
  const type = /\.svg$/i.test(name) ? 'image/svg+xml' : parts[0].type;
  return new Blob(parts, { type });
}

/** The first `size` bytes, in pieces: of a whole file at once the server gives no more than the beginning. */
async function readWhole(api: DataAPI, id: string, size: number, signal: AbortSignal): Promise<Blob[]> {
  const pieces: Blob[] = [];
  for (let start = 0; start < size || start === 0; start += PIECE) {
    const range = size > 0 ? { start, end: Math.min(size, start + PIECE) } : null;
    pieces.push(await (await api.content(id, range, signal)).blob());
  }
  return pieces;
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
