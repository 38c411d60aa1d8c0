import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ValoError } from '../api/errors';
import type { IFinding } from '../api/types';
import { FakeServer, anExecution, streamed } from '../testing/server';
import { ExecutionFeed } from './feed';
import { Runs, type IRunOptions } from './run';

let server: FakeServer;
let feed: ExecutionFeed;
let runs: Runs;

const options: IRunOptions = {
  path: 'a.ipynb',
  save: async () => true,
  confirm: async () => null,
  guard: async () => null
};
const finding = (id: string, where: IFinding['where'], name: string): IFinding => ({
  id,
  kind: 'AWS Access Key',
  where,
  name,
  cell: null,
  line: null,
  shown: 'AKIA…'
});
const finds = (...findings: IFinding[]) =>
  streamed([JSON.stringify({ error: { code: 'secrets_found', message: '?', details: { findings } } }) + '\n']);
const question = {
  reason: 'large',
  folder: '/w',
  files: 3000,
  bytes: 9e8,
  largest: [],
  options: ['notebook', 'folder']
};
const asks = (reason: string) =>
  streamed([
    JSON.stringify({ error: { code: 'confirm_snapshot', message: '?', details: { ...question, reason } } }) + '\n'
  ]);
const answers = () => streamed([JSON.stringify({ execution: anExecution('x7'), snapshot: {} }) + '\n']);

beforeEach(() => {
  server = new FakeServer();
  feed = new ExecutionFeed(server.api);
  runs = new Runs(server.api, feed);
});

describe('submitting a notebook', () => {
  it('saves, then submits, and shows the execution at once', async () => {
    const order: string[] = [];
    feed.changed.connect((_, [{ id }]) => order.push(`shown ${id}`));
    server.on('POST', 'valo/run', () => {
      order.push('submitted');
      return answers();
    });
    const execution = await runs.run({
      ...options,
      save: async () => {
        order.push('saved');
        return true;
      }
    });
    expect(execution?.counter).toBe(7);
    expect(order).toEqual(['saved', 'submitted', 'shown x7']);
  });

  it('submits nothing when saving was cancelled', async () => {
    expect(await runs.run({ ...options, save: async () => false })).toBeNull();
    expect(server.asked).toEqual([]);
    expect(runs.progress('a.ipynb')).toBeNull();
  });

  it('submits a notebook once, however often the button is pressed', async () => {
    server.on('POST', 'valo/run', answers);
    const [first, second] = await Promise.all([runs.run(options), runs.run(options)]);
    expect(first?.id).toBe('x7');
    expect(second).toBeNull();
    expect(server.requests('valo/run')).toHaveLength(1);
  });

  it('asks what to send of a large folder, and sends the answer', async () => {
    server.on('POST', 'valo/run', ({ body }) => ((body as { include?: string }).include ? answers() : asks('large')));
    const confirm = vi.fn(async () => 'notebook' as const);
    await runs.run({ ...options, parameters: { lr: 1 }, confirm });
    expect(confirm).toHaveBeenCalledWith(question);
    expect(server.requests('valo/run')[1].body).toMatchObject({
      include: 'notebook',
      accept: ['large'],
      parameters: { lr: 1 }
    });
  });

  it('asks each question once', async () => {
    server.on('POST', 'valo/run', ({ body }) => {
      const { accept = [] } = body as IRunOptions;
      return accept.includes('home') ? asks('large') : asks('home');
    });
    const confirm = vi.fn(async () => 'folder' as const);
    await expect(runs.run({ ...options, confirm })).rejects.toBeInstanceOf(ValoError);
    expect(confirm).toHaveBeenCalledTimes(2);
  });

  it('sends nothing when the question is dismissed', async () => {
    server.on('POST', 'valo/run', () => asks('home'));
    expect(await runs.run(options)).toBeNull();
    expect(server.requests('valo/run')).toHaveLength(1);
  });

  it('can be tried again after a failure', async () => {
    server.down = true;
    await expect(runs.run(options)).rejects.toMatchObject({ unreachable: true });
    expect(runs.progress('a.ipynb')).toBeNull();
    server.down = false;
    server.on('POST', 'valo/run', answers);
    expect((await runs.run(options))?.id).toBe('x7');
  });

  it('takes the last choices once the notebook is saved; without any nothing is sent', async () => {
    server.on('POST', 'valo/run', answers);
    await runs.run({ ...options, choices: async () => ({ environment: 'gpu' }) });
    expect(server.requests('valo/run')[0].body).toMatchObject({ path: 'a.ipynb', environment: 'gpu' });
    expect(await runs.run({ ...options, choices: async () => null })).toBeNull();
    expect(server.requests('valo/run')).toHaveLength(1);
  });

  it('asks about what looks like a secret, and sends it when the user says so', async () => {
    const found = [finding('f1', 'cell', 'a'), finding('f2', 'variable', 'KEY')];
    server.on('POST', 'valo/run', ({ body }) =>
      (body as IRunOptions).accept_findings?.length === 2 ? answers() : finds(...found)
    );
    const guard = vi.fn(async () => 'run' as const);
    expect((await runs.run({ ...options, guard }))?.id).toBe('x7');
    expect(guard).toHaveBeenCalledExactlyOnceWith(found);
    expect(await runs.run(options)).toBeNull();
  });

  it('makes a secret variable of a plain one', async () => {
    server.on('POST', 'valo/run', ({ body }) =>
      (body as IRunOptions).environment_variables?.KEY ? finds(finding('f2', 'variable', 'KEY')) : answers()
    );
    const variables = { KEY: 'AKIA', MODE: 'fast' };
    await runs.run({ ...options, environment_variables: variables, guard: async () => 'variable' });
    expect(server.requests('valo/run')[1].body).toMatchObject({
      environment_variables: { MODE: 'fast' },
      secret_environment_variables: { KEY: 'AKIA' }
    });
  });
});
