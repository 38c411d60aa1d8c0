import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookModel, type INotebookModel } from '@jupyterlab/notebook';
import { Signal } from '@lumino/signaling';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer } from '../testing/server';
import { until } from '../testing/until';
import type { IValo } from '../tokens';
import { Drafts } from './drafts';
import { ExecutionFeed } from './feed';
import { NotebookMarks } from './marks';
import { Preferences } from './preferences';
import { Runs } from './run';
import { ServerModel } from './server';

let server: FakeServer;
let feed: ExecutionFeed;
let model: NotebookModel;
let settings: { composite: { drift: boolean }; changed: Signal<object, void> };
let marks: NotebookMarks;

beforeEach(async () => {
  server = new FakeServer();
  server.on('GET', 'valo/status', () => ({ state: 'running' }));
  server.on('GET', 'valo/notebook', () => ({ project: { id: 'p1', name: 'digits' }, path: 'quickstart.ipynb' }));
  server.on('POST', 'valo/drift', () => ({ x1: { changed: 1, cells: [], removed: 1, error: null } }));
  server.put({ id: 'x1' });
  feed = new ExecutionFeed(server.api);
  model = new NotebookModel();
  const state = new ServerModel(server.api);
  await state.refresh();
  const preferences = new Preferences();
  settings = { composite: { drift: false }, changed: new Signal({}) };
  preferences.follow(settings as never);
  const runs = new Runs(server.api, feed);
  const valo = { api: server.api, feed, runs, preferences, server: state, drafts: new Drafts(null) };
  const context = { model, path: 'quickstart.ipynb', ready: Promise.resolve(), pathChanged: new Signal({}) };
  marks = new NotebookMarks(valo as unknown as IValo, context as unknown as DocumentRegistry.IContext<INotebookModel>);
});

afterEach(() => {
  marks.dispose();
  model.dispose();
  feed.dispose();
});

describe('the marks of a notebook', () => {
  it('say whether it changed since, and ask nothing when they are not to', async () => {
    await until(() => expect(marks.executions).toHaveLength(1));
    const [execution] = marks.executions;
    await new Promise(resolve => setTimeout(resolve, 1200));
    expect(server.requests('valo/drift')).toHaveLength(0);
    settings.composite.drift = true;
    settings.changed.emit();
    await until(() => expect(marks.driftOf(execution)?.changed).toBe(1));
    settings.composite.drift = false;
    settings.changed.emit();
    expect(marks.driftOf(execution)).toBeUndefined();
  });
});
