/** How a file can be looked at, by its name. */

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

export function previewKind(name: string, size: number): PreviewKind | null {
  return KINDS.find(([, pattern, most]) => pattern.test(name) && size <= most)?.[0] ?? null;
}
