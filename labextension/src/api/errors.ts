/** The one error of the wire: a code to decide on, a sentence to show, details to act upon. */
export class ValoError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly details: Record<string, unknown> = {},
    readonly status = 0
  ) {
    super(message);
    this.name = 'ValoError';
  }

  /** Whether nothing answered at all, so that trying again later makes sense. */
  get unreachable(): boolean {
    return this.code === 'server_unreachable' || this.code === 'jupyter_unreachable';
  }

  static async of(response: Response): Promise<ValoError> {
    const text = await response.text();
    try {
      const body = JSON.parse(text);
      // a message without a code is Jupyter's own
      if (typeof body?.message === 'string' && (body.code || response.status !== 404)) {
        return new ValoError(body.code ?? `http_${response.status}`, body.message, body.details ?? {}, response.status);
      }
    } catch {
      // a proxy in between answers with a page of its own: say its status instead
    }
    if (response.status === 404) {
      // our own routes say what they did not find
      return new ValoError(
        'not_enabled',
        'The server side of Valo is not there; run "jupyter server extension enable valo_jupyter" and restart Jupyter.',
        {},
        404
      );
    }
    return new ValoError(
      `http_${response.status}`,
      `${response.status} ${response.statusText}`.trim(),
      {},
      response.status
    );
  }
}

export function asError(reason: unknown): ValoError {
  if (reason instanceof ValoError) {
    return reason;
  }
  return new ValoError('error', reason instanceof Error ? reason.message : String(reason));
}

/** Whether a request ended because we gave it up ourselves. */
export function isAborted(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError';
}
