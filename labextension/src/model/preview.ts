/** How a file can be looked at, by its name. */

export type PreviewKind = 'image' | 'table' | 'parquet' | 'notebook' | 'audio' | 'html' | 'json' | 'text';

const KINDS: [PreviewKind, RegExp, number][] = [
  ['image', /\.(png|jpe?g|gif|webp|bmp|svg|ico|avif)$/i, 30_000_000],
  ['audio', /\.(mp3|wav|ogg|oga|opus|flac|m4a|aac)$/i, 50_000_000],
  ['table', /\.(csv|tsv)$/i, Infinity],
  ['parquet', /\.(parquet|pq)$/i, Infinity],
  ['notebook', /\.ipynb$/i, 20_000_000],
  ['html', /\.html?$/i, 8_000_000],
  ['json', /\.(json|geojson)$/i, 200_000],
  [
    'text',
    /(\.(txt|log|md|rst|jsonl?|ya?ml|toml|ini|cfg|py|r|jl|sh|sql|xml|tex|ipynb|js|ts|css|c|cpp|h|java|go|rs)|\/?(README|LICENSE|Makefile|Dockerfile))$/i,
    Infinity
  ]
];

export function previewKind(name: string, size: number): PreviewKind | null {
  return KINDS.find(([, pattern, most]) => pattern.test(name) && size <= most)?.[0] ?? null;
}

/** JSON over several lines; anything else as it is. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
