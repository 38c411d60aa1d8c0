import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { CommandRegistry } from '@lumino/commands';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Drafts } from '../model/drafts';
import { EMPTY } from '../model/draft';
import { ExecutionFeed } from '../model/feed';
import { Runs } from '../model/run';
import { FakeServer, anExecution, json, streamed } from '../testing/server';
import { until } from '../testing/until';
import { CommandIDs, type IValo } from '../tokens';
import { commandsPlugin } from './commands';
import { formPlugin } from './form';

/** jsdom shows no dialog. */
const HIDDEN = { hidden: true };
const path = 'quickstart.ipynb';
let server: FakeServer;
let feed: ExecutionFeed;
let drafts: Drafts;
let app: { commands: CommandRegistry; shell: { activateById: ReturnType<typeof vi.fn> } };
/** What Lab opens; null: Notebook 7 does, in another tab. */
let opened: Widget | null;

beforeEach(() => {
  server = new FakeServer();
  const project = { id: 'p1', name: 'digits' };
  const none = { parameters: [], inputs: [], kernel: null, problems: [] };
  server.on('GET', 'valo/notebook', () => ({ project, folder: '/w', path, ...none }));
  server.on('GET', 'valo/api/v0/environments/', () => ({ results: [] }));
  server.on('POST', 'valo/run', () => streamed([`${JSON.stringify({ execution: anExecution('x1') })}\n`]));
  feed = new ExecutionFeed(server.api);
  drafts = new Drafts(null);
  app = { commands: new CommandRegistry(), shell: { activateById: vi.fn() } };
  const context = { path, ready: Promise.resolve(), save: () => Promise.resolve() };
  opened = Object.assign(new Widget(), { context, toolbar: new Widget(), revealed: Promise.resolve() });
  app.commands.addCommand('docmanager:open', { execute: () => opened });
  app.commands.addCommand(CommandIDs.open, { execute: () => null });
  const runs = new Runs(server.api, feed);
  const valo = { api: server.api, feed, runs, drafts, projects: { choose: vi.fn() } } as unknown as IValo;
  const tracker = { currentWidget: null, find: () => undefined, currentChanged: new Signal({}) };
  for (const plugin of [commandsPlugin, formPlugin]) {
    void plugin.activate(app as unknown as JupyterFrontEnd, valo, tracker as unknown as INotebookTracker, null, null);
  }
});

afterEach(() => {
  feed.dispose();
  document.querySelectorAll('.valo-Popover').forEach(node => node.remove());
  Notification.dismiss();
});

const run = (args: object = {}) => app.commands.execute(CommandIDs.run, { path, ...args });
const form = () => screen.findByRole('dialog', { name: 'Run remotely' });
const forgotten = { ...EMPTY, variables: [{ name: 'TOKEN', value: '', secret: true }] };

describe('a notebook that is not open', () => {
  it('is opened with its form when a remembered choice has to be made again', async () => {
    await drafts.save(path, forgotten);
    expect(await run()).toBeNull();
    expect(await within(await form()).findByText('Secrets are not kept: fill it in again')).toBeTruthy();
    expect(app.shell.activateById).toHaveBeenCalledWith(opened?.id);
    expect(server.requests('valo/run')).toHaveLength(0);
  });

  it('is opened with its form from what the secret guard found', async () => {
    const finding = {
      id: 'f1',
      kind: 'Secret',
      where: 'parameter',
      name: 'key',
      cell: null,
      line: null,
      shown: 'abcd…'
    };
    const refusal = {
      code: 'secrets_found',
      message: 'A value looks like a secret.',
      details: { findings: [finding] }
    };
    server.on('POST', 'valo/run', () => json(refusal, 409));
    const ran = run();
    fireEvent.click(await screen.findByRole('button', { name: 'Change…', ...HIDDEN }));
    expect(await ran).toBeNull();
    expect(await form()).toBeTruthy();
  });

  it('says what to do where it opens in another tab', async () => {
    opened = null;
    await drafts.save(path, forgotten);
    expect(await run()).toBeNull();
    await until(() =>
      expect(Notification.manager.notifications.map(({ message }) => message)).toContain(
        'quickstart.ipynb has a tab of its own: choose this again there.'
      )
    );
  });
});

describe('the command', () => {
  it('takes what a run takes, but for variables', async () => {
    const asked = {
      image: 'python:3.12',
      resources: { cpu: 2 },
      time_limit: 60,
      include: 'notebook',
      accept: ['large'],
      accept_findings: ['f1']
    };
    await run({ ...asked, environment_variables: { A: '1' }, secret_environment_variables: { B: '2' } });
    expect(server.requests('valo/run').map(({ body }) => body)).toEqual([{ path, ...asked }]);
  });
});
