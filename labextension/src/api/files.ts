/** The content of files, read by their signed addresses: no more of it than is shown. */
import { ValoError } from './errors';

/** What of a long text is read. */
export const READ = 200_000;

/** The beginning of a text; `cut` when there is more. */
export async function readText(
  url: string,
  most: number,
  signal: AbortSignal
): Promise<{ text: string; cut: boolean }> {
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
    // a store's answer, not ours
    throw new ValoError(`http_${response.status}`, `${response.status} ${response.statusText}`.trim());
  }
  return response;
}
