import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { ExecutionFeed } from '../model/feed';
import { FakeServer, anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionPage } from './detail';
import type { IRenderers } from './renderers';

it('leads from the error to the notebook', async () => {
  const server = new FakeServer();
  const path = 'valo/api/v0/executions/x1/';
  server.on('GET', path, () => ({
    ...anExecution('x1', { status: 'error', error: { code_cell: 2, ename: 'ValueError', evalue: 'bad' } }),
    attempts: [],
    outputs: [],
    capture: null,
    left_out: [],
    cumulative_metadata: {}
  }));
  server.on('GET', `${path}stream/`, () => ({ events: [], last: 0, status: 'error', done: true }));
  const feed = new ExecutionFeed(server.api);
  const page = new ExecutionPage({
    valo: { api: server.api, feed },
    id: 'x1',
    trans: nullTranslator.load(''),
    // the server has no notebook to draw with them
    renderers: {} as IRenderers,
    open: () => undefined,
    command: () => undefined,
    failed: () => undefined
  });
  Widget.attach(page, document.body);
  await until(() => fireEvent.click(screen.getByRole('button', { name: 'Show the cell in the notebook' })));
  expect(page.tab).toBe('notebook');
  await until(() => expect(screen.getByText('The executed notebook cannot be shown')).toBeTruthy());
  page.dispose();
  feed.dispose();
});
