import { describe, expect, it } from 'vitest';
import { FakeServer, anExecution, json, streamed } from '../testing/server';
import type { IRunProgress } from './types';

describe('the API', () => {
  it('asks below the Jupyter server’s base address, repeating lists and leaving out what is not set', async () => {
    const server = new FakeServer();
    await server.api.executions({ project: 'p1', status: ['queued', 'started'], search: undefined });
    const [asked] = server.requests('valo/api/v0/executions/');
    expect(asked.query.getAll('status')).toEqual(['queued', 'started']);
    expect(asked.query.has('search')).toBe(false);
  });

  it('turns an error of the wire into one with its code, message and details', async () => {
    const server = new FakeServer();
    server.on('GET', 'valo/notebook', () =>
      json({ code: 'not_found', message: 'There is no such notebook.', details: { path: 'a.ipynb' } }, 404)
    );
    await expect(server.api.notebook('a.ipynb')).rejects.toMatchObject({
      code: 'not_found',
      message: 'There is no such notebook.',
      details: { path: 'a.ipynb' },
      status: 404
    });
  });

  it('shows no page of a proxy as a message', async () => {
    const server = new FakeServer();
    server.on(
      'GET',
      'valo/status',
      () => new Response('<html>Bad gateway</html>', { status: 502, statusText: 'Bad Gateway' })
    );
    await expect(server.api.status()).rejects.toMatchObject({ code: 'http_502', message: '502 Bad Gateway' });
  });

  it('says so when nothing answers', async () => {
    const server = new FakeServer();
    server.down = true;
    await expect(server.api.status()).rejects.toMatchObject({ code: 'jupyter_unreachable', unreachable: true });
  });

  it('reports a run’s progress line by line, however the network cuts them', async () => {
    const server = new FakeServer();
    const lines =
      '{"progress": {"stage": "scan", "files": 3, "bytes": 10}}\n{"progress": {"stage": "write", "files": 7, "bytes": 99}}\n' +
      JSON.stringify({ execution: anExecution('x1', { title: 'naïve ∑' }), snapshot: { commit: null } }) +
      '\n';
    const bytes = [lines.slice(0, 20), lines.slice(20, 75), lines.slice(75)];
    server.on('POST', 'valo/run', () => streamed(bytes));
    const seen: IRunProgress[] = [];
    const answer = await server.api.run({ path: 'a.ipynb' }, progress => seen.push(progress));
    expect(seen.map(({ files }) => files)).toEqual([3, 7]);
    expect(answer.execution.title).toBe('naïve ∑');
    expect(server.asked[0].accept).toBe('application/x-ndjson');
  });

  it('fails with the error that a run ends with, and when it ends without any', async () => {
    const server = new FakeServer();
    server.on('POST', 'valo/run', () =>
      streamed([
        '{"error": {"code": "unknown_parameter", "message": "There is no lrr; there is lr.", "details": {}}}\n'
      ])
    );
    await expect(server.api.run({ path: 'a' }, () => undefined)).rejects.toMatchObject({ code: 'unknown_parameter' });
    server.on('POST', 'valo/run', () => streamed(['{"progress": {"stage": "scan"}}\n']));
    await expect(server.api.run({ path: 'a' }, () => undefined)).rejects.toMatchObject({ code: 'interrupted' });
  });
});
