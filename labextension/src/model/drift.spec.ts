import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { NotebookModel, type INotebookModel } from '@jupyterlab/notebook';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeServer, json } from '../testing/server';
import { until } from '../testing/until';
import { NotebookDrift } from './drift';

let server: FakeServer;
let model: NotebookModel;
let drift: NotebookDrift;

beforeEach(() => {
  server = new FakeServer();
  model = new NotebookModel();
  model.sharedModel.insertCell(0, { cell_type: 'code', source: '1', metadata: {} });
  const context = { model, path: 'a.ipynb', ready: Promise.resolve() };
  drift = new NotebookDrift(server.api, context as unknown as DocumentRegistry.IContext<INotebookModel>);
});

afterEach(() => {
  drift.dispose();
  model.dispose();
});

const asked = () => server.requests('valo/drift');

describe('the drift of a notebook', () => {
  it('is asked for when the notebook rests, with its cells as they stand', async () => {
    const none = { changed: 0, cells: [], removed: 0, error: null };
    server.on('POST', 'valo/drift', () => ({ x1: none, x2: { ...none, error: 'gone' } }));
    drift.executions = ['x1', 'x2'];
    await until(() => expect(drift.of('x1')).toEqual(none));
    expect(drift.of('x2')).toBeUndefined();
    model.sharedModel.cells[0].setSource('2');
    model.sharedModel.cells[0].setSource('3');
    await until(() => expect(asked()).toHaveLength(2));
    const [cell] = (asked()[1].body as { cells: unknown[] }).cells;
    expect(cell).toMatchObject({ type: 'code', source: '3' });
  });

  it('is asked for once of an execution of which it cannot be told', async () => {
    const none = { changed: 0, cells: [], removed: 0, error: null };
    server.on('POST', 'valo/drift', () => ({ x1: none, x2: { ...none, error: 'gone' } }));
    drift.executions = ['x1', 'x2'];
    await until(() => expect(drift.of('x1')).toEqual(none));
    drift.executions = ['x1', 'x2'];
    await new Promise(resolve => setTimeout(resolve, 1200));
    expect(asked()).toHaveLength(1);
  });

  it('is neither asked for nor told without executions, and asked for anew with them', async () => {
    const none = { changed: 0, cells: [], removed: 0, error: null };
    server.on('POST', 'valo/drift', () => ({ x1: none }));
    drift.executions = ['x1'];
    await until(() => expect(drift.of('x1')).toEqual(none));
    drift.executions = [];
    expect(drift.of('x1')).toBeUndefined();
    model.sharedModel.cells[0].setSource('2');
    await new Promise(resolve => setTimeout(resolve, 1200));
    expect(asked()).toHaveLength(1);
    drift.executions = ['x1'];
    await until(() => expect(drift.of('x1')).toEqual(none));
    expect(asked()).toHaveLength(2);
  });

  it('is no longer asked for where nobody knows of it', async () => {
    server.on('POST', 'valo/drift', () => json({ code: 'not_found', message: 'no', details: {} }, 404));
    drift.executions = ['x1'];
    await until(() => expect(asked()).toHaveLength(1));
    model.sharedModel.cells[0].setSource('2');
    await new Promise(resolve => setTimeout(resolve, 1200));
    expect(asked()).toHaveLength(1);
  });
});
