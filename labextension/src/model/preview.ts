/** How a file can be looked at, by its name; reads no more of it than is shown. */

export type PreviewKind = 'image' | 'table' | 'html' | 'text';

const KINDS: [PreviewKind, RegExp, number][] = [
  ['image', /\.(png|jpe?g|gif|webp|bmp|svg|ico|avif)$/i, 30_000_000],
  ['table', /\.(csv|tsv)$/i, Infinity],
  ['html', /\.html?$/i, 10_000_000],
  [
    'text',
    /(\.(txt|log|md|rst|jsonl?|ya?ml|toml|ini|cfg|py|r|jl|sh|sql|xml|tex|ipynb|js|ts|css|c|cpp|h|java|go|rs)|\/?(README|LICENSE|Makefile|Dockerfile))$/i,
    Infinity
  ]
];

/** What of a long text is read. */
export const READ = 200_000;

export function previewKind(name: string, size: number): PreviewKind | null {
  return KINDS.find(([, pattern, most]) => pattern.test(name) && size <= most)?.[0] ?? null;
}

/** The beginning of a text; `cut` when there is more. */
export async function readText(url: string, most: number, signal: AbortSignal): Promise<{ text: string; cut: boolean }> {
  const response = await open(url, signal);
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader && text.length < most) {
    const { done, value } = await reader.read();
    if (done) {
      return { text: text + decoder.decode(), cut: false };
    }
    text += decoder.decode(value, { stream: true });
  }
  await reader?.cancel();
  return { text: text.slice(0, most), cut: true };
}

/** Bytes as an image that the browser shows without running anything in it. */
export async function readImage(url: string, name: string, signal: AbortSignal): Promise<Blob> {
  const blob = await (await open(url, signal)).blob();
  return /\.svg$/i.test(name) ? new Blob([blob], { type: 'image/svg+xml' }) : blob;
}

async function open(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new Error(`${response.status} ${response.statusText}`.trim());
  }
  return response;
}
