import { afterEach, describe, expect, it } from 'vitest';
import { FakeServer, json } from '../testing/server';
import { until } from '../testing/until';
import { Uploads, type IKeptUpload } from './uploads';

const API = 'valo/api/v0/uploads/';
const open: Uploads[] = [];
afterEach(() => open.splice(0).forEach(uploads => uploads.dispose()));

/** A server that takes parts of four bytes. */
function serve(): { server: FakeServer; uploads: Uploads; received: () => number } {
  const server = new FakeServer();
  let received = 0;
  const answer = () => ({ id: 'u1', received, part_size: 4, datum: received === 10 ? { id: 'd1' } : null });
  server.on('POST', API, answer);
  server.on('GET', `${API}u1/`, answer);
  server.on('DELETE', `${API}u1/`, () => ({}));
  server.on('PUT', `${API}u1/`, () => {
    received = Math.min(10, received + 4);
    return answer();
  });
  const uploads = new Uploads(server.api.data, 1);
  open.push(uploads);
  return { server, uploads, received: () => received };
}

// the testing server reads bodies as JSON: digits are
const file = () => new File(['1234567890'], 'a.txt', { lastModified: 5 });

describe('an upload', () => {
  it('goes by parts, and arrives', async () => {
    const { server, uploads } = serve();
    const arrived: string[] = [];
    uploads.arrived.connect((_, datum) => void arrived.push(datum.id));
    uploads.add('p1', [{ file: file(), name: 'a.txt' }]);
    await until(() => expect(uploads.items[0].state).toBe('done'));
    expect(server.requests(`${API}u1/`).filter(({ method }) => method === 'PUT')).toHaveLength(3);
    expect(server.requests(API)[0].body).toEqual({ project: 'p1', name: 'a.txt', size: 10 });
    expect(arrived).toEqual(['d1']);
  });

  it('sends a part again that the server failed at, and goes on where it was refused', async () => {
    const { server, uploads } = serve();
    let failures = 0;
    server.on('PUT', `${API}u1/`, () => {
      failures += 1;
      return json({ code: 'busy', message: 'Not now.', details: {} }, failures < 3 ? 503 : 403);
    });
    uploads.add('p1', [{ file: file(), name: 'a.txt' }]);
    await until(() => expect(uploads.items[0].state).toBe('failed'));
    expect(failures).toBe(3);
    server.on('PUT', `${API}u1/`, () => ({ received: 10, datum: { id: 'd1' } }));
    expect(uploads.resume(uploads.items[0].key)).toBe(true);
    await until(() => expect(uploads.items[0].state).toBe('done'));
    expect(server.requests(API)).toHaveLength(1);
  });

  it('goes on after a reload with the same file, and with no other', async () => {
    const { server, uploads } = serve();
    const kept: IKeptUpload = { id: 'u1', name: 'a.txt', size: 10, modified: 5, project: 'p1' };
    await uploads.restore([kept]);
    const [{ key, state }] = uploads.items;
    expect(state).toBe('lost');
    expect(uploads.resume(key, new File(['1234567890'], 'a.txt', { lastModified: 6 }))).toBe(false);
    uploads.add('p1', [{ file: file(), name: 'a.txt' }]);
    await until(() => expect(uploads.items.map(item => item.state)).toEqual(['done']));
    expect(server.requests(API)).toHaveLength(0);
  });

  it('is given up on both sides', async () => {
    const { server, uploads } = serve();
    server.on('PUT', `${API}u1/`, () => new Promise(() => undefined));
    uploads.add('p1', [{ file: file(), name: 'a.txt' }]);
    await until(() => expect(server.requests(`${API}u1/`)).not.toHaveLength(0));
    await uploads.cancel(uploads.items[0].key);
    expect(uploads.items).toHaveLength(0);
    expect(server.requests(`${API}u1/`).some(({ method }) => method === 'DELETE')).toBe(true);
  });
});
