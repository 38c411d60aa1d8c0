/** A small Valo server behind a Jupyter server, for tests: answers what the wire says, remembers what it was asked. */
import { ServerConnection } from '@jupyterlab/services';
import { ValoAPI } from '../api/client';
import type { IExecution, StreamEvent } from '../api/types';

export interface IAsked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  accept: string | null;
}

type Answer = unknown | Response | Promise<unknown>;
type Handler = (asked: IAsked) => Answer;

export class FakeServer {
  readonly asked: IAsked[] = [];
  readonly executions: IExecution[] = [];
  revision = 0;
  /** While true nothing answers. */
  down = false;

  readonly settings = ServerConnection.makeSettings({
    baseUrl: 'http://jupyter.test/user/ana/',
    fetch: (input, init) => this._fetch(input as Request, init)
  });
  readonly api = new ValoAPI(this.settings);

  constructor() {
    this.on('GET', 'valo/api/v0/executions/', asked => this._list(asked));
  }

  on(method: string, path: string, handler: Handler): void {
    this._handlers.set(`${method} ${path}`, handler);
  }

  /** Requests of a path, newest last. */
  requests(path: string): IAsked[] {
    return this.asked.filter(asked => asked.path === path);
  }

  /** Add or change an execution, as the server would on its own; whoever waits is answered. */
  put(execution: Partial<IExecution> & { id: string }): IExecution {
    const index = this.executions.findIndex(({ id }) => id === execution.id);
    const known = index >= 0 ? this.executions[index] : anExecution(execution.id);
    this.revision += 1;
    const changed = { ...known, ...execution, revision: this.revision };
    if (index >= 0) {
      this.executions[index] = changed;
    } else {
      this.executions.push(changed);
    }
    this._waiting.splice(0).forEach(answer => answer());
    return changed;
  }

  private async _list({ query }: IAsked): Promise<unknown> {
    const after = query.get('changed_after');
    const find = () =>
      this.executions
        .filter(
          row =>
            row.project.id === query.get('project') &&
            (after === null || row.revision > Number(after)) &&
            (!query.has('status') || query.getAll('status').includes(row.status)) &&
            (!query.has('notebook') || query.getAll('notebook').includes(row.notebook?.path ?? '')) &&
            (!query.has('search') || row.title.includes(query.get('search') ?? ''))
        )
        .sort((a, b) => b.counter - a.counter);
    let found = find();
    while (found.length === 0 && query.has('wait')) {
      await new Promise<void>(resolve => this._waiting.push(resolve));
      found = find();
    }
    const offset = Number(query.get('offset') ?? 0);
    return {
      results: found.slice(offset, offset + Number(query.get('limit') ?? 100)),
      count: query.get('count') ? found.length : null,
      revision: this.revision
    };
  }

  private async _fetch(input: Request, init?: RequestInit): Promise<Response> {
    const request = input instanceof Request ? input : new Request(input, init);
    const url = new URL(request.url);
    const path = url.pathname.replace('/user/ana/', '');
    const text = await request.clone().text();
    const asked: IAsked = {
      method: request.method,
      path,
      query: url.searchParams,
      body: text ? JSON.parse(text) : null,
      accept: request.headers.get('Accept')
    };
    this.asked.push(asked);
    if (this.down) {
      throw new TypeError('Failed to fetch');
    }
    const handler = this._handlers.get(`${request.method} ${path}`);
    if (!handler) {
      return json({ code: 'not_found', message: `There is no ${path}.`, details: {} }, 404);
    }
    const answer = await Promise.race([Promise.resolve(handler(asked)), aborted(request.signal)]);
    return answer instanceof Response ? answer : json(answer);
  }

  private _handlers = new Map<string, Handler>();
  private _waiting: (() => void)[] = [];
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

/** Lines of a streamed answer, cut wherever the network pleases. */
export function streamed(chunks: string[]): Response {
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      start(controller) {
        chunks.forEach(chunk => controller.enqueue(encoder.encode(chunk)));
        controller.close();
      }
    })
  );
}

export function anExecution(id: string, changes: Partial<IExecution> = {}): IExecution {
  const counter = Number(/\d+/.exec(id)?.[0] ?? 1);
  return {
    id,
    url: '',
    counter,
    status: 'queued',
    status_detail: null,
    queue_position: null,
    title: 'quickstart',
    step: 'quickstart',
    image: null,
    commit: { identifier: '~0123456789abcdef', adhoc: true, url: null },
    project: { id: 'p1', name: 'digits' },
    environment: { id: 'e1', name: 'local', slug: 'local' },
    creator: { id: 1, username: 'ana' },
    ctime: `2026-01-01T10:${String(counter % 60).padStart(2, '0')}:00.000000`,
    started: null,
    ended: null,
    duration: null,
    cost: null,
    attempt: 1,
    notebook: { path: 'quickstart.ipynb' },
    progress: null,
    error: null,
    parameters: {},
    inputs: [],
    environment_variables: {},
    tags: [],
    git: null,
    machine: null,
    seconds: null,
    metric: null,
    revision: 1,
    ...changes
  };
}

export function logEvent(seq: number, lines: string[]): StreamEvent {
  return { k: 'log', seq, n: lines.length, t: '2026-01-01T10:00:00.000000', s: 'stdout', text: lines.join('\n') };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => reject(new DOMException('given up', 'AbortError'));
    if (signal.aborted) {
      fail();
    }
    signal.addEventListener('abort', fail);
  });
}
