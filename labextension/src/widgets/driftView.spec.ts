import type { Cell } from '@jupyterlab/cells';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeServer, anExecution } from '../testing/server';
import { until } from '../testing/until';
import { DriftView } from './driftView';

let view: DriftView;

afterEach(() => view.dispose());

function show(was: number | null): void {
  const server = new FakeServer();
  // as notebooks of nbformat 4.4 and before are: cells have no identifiers
  const cells = ['import numpy', 'lr = 0.1'].map(source => ({ cell_type: 'code', source, metadata: {}, outputs: [] }));
  server.on('GET', 'valo/api/v0/executions/x1/source/', () => ({
    cells,
    metadata: {},
    nbformat: 4,
    nbformat_minor: 4
  }));
  view = new DriftView({
    trans: nullTranslator.load(''),
    api: server.api,
    execution: anExecution('x1'),
    cell: { model: { sharedModel: { getSource: () => 'lr = 0.2' } } } as unknown as Cell,
    was,
    step: vi.fn(),
    openExecution: vi.fn()
  });
  Widget.attach(view, document.body);
}

describe('how a cell differs', () => {
  it('is told from the submitted cell it came from, whatever its identifier', async () => {
    show(1);
    await until(() => expect(view.node.textContent).toContain('lr = 0.1'));
  });

  it('is all of it when there was none', async () => {
    show(null);
    await until(() => expect(view.node.textContent).toContain('lr = 0.2'));
    expect(view.node.textContent).not.toContain('import numpy');
  });
});
