/** The only fetch: one request to the Jupyter server, or a ValoError. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { isAborted, ValoError } from './errors';

export async function request(
  settings: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<Response> {
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(URLExt.join(settings.baseUrl, path), init, settings);
  } catch (reason) {
    if (isAborted(reason) || init.signal?.aborted) {
      throw new DOMException('given up', 'AbortError');
    }
    throw new ValoError('jupyter_unreachable', 'The Jupyter server does not answer; check that it still runs.');
  }
  if (!response.ok) {
    throw await ValoError.of(response);
  }
  return response;
}

export async function requestJson<T>(
  settings: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<T> {
  const response = await request(settings, path, init);
  return (await response.json()) as T;
}

/** `?a=1&b=2&b=3`; undefined values are left out, lists repeat. */
export function query(values: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null && item !== '') {
        search.append(name, String(item));
      }
    }
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}
