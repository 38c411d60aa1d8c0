import { nullTranslator } from '@jupyterlab/translation';
import { render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IExecutionDiff } from '../api/compareTypes';
import { FakeServer, anExecution } from '../testing/server';
import type { IValo } from '../tokens';
import ComparePage from './comparePage';

const NO_NOTEBOOK = /^One of them ran no notebook/;
const SAME = 'The notebooks and their outputs are the same.';
const notebook = { cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 };

async function show(changes: Partial<IExecutionDiff>): Promise<void> {
  const server = new FakeServer();
  const [left, right] = [anExecution('x1'), anExecution('x2')];
  const none = { left, right, facts: [], notebooks: null, files: [], same: false, problems: [] };
  server.on('GET', 'valo/api/v0/executions/x1/diff/', () => ({ ...none, ...changes }));
  render(
    <ComparePage
      left="x1"
      right="x2"
      valo={{ api: server.api } as unknown as IValo}
      trans={nullTranslator.load('')}
      renderers={{} as never}
      openExecution={vi.fn()}
      onSwap={vi.fn()}
      visible
      onTitle={vi.fn()}
      onDirty={vi.fn()}
      onClose={vi.fn()}
    />
  );
  await screen.findByRole('region', { name: 'Differences' });
}

describe('the page that compares two executions', () => {
  it('says what could not be compared, and nothing that is not known then', async () => {
    const problems = ['The notebooks are too much to be compared.', '1,200 files differ; the first 1,000 are named.'];
    await show({ problems });
    for (const problem of problems) {
      expect(screen.getByText(problem)).toBeTruthy();
    }
    expect(screen.queryByText(NO_NOTEBOOK)).toBeNull();
  });

  it('does not call outputs the same that were not compared', async () => {
    const problems = ['The outputs are too much to be compared; only the cells’ text is.'];
    await show({ problems, notebooks: { left: notebook, right: notebook, diff: [] } });
    expect(screen.getByText(problems[0])).toBeTruthy();
    expect(screen.queryByText(SAME)).toBeNull();
  });

  it('says that there is nothing to compare where one ran commands, and where all is the same', async () => {
    await show({ left: anExecution('x1', { notebook: null }) });
    expect(await screen.findByText(NO_NOTEBOOK)).toBeTruthy();
    await show({ notebooks: { left: notebook, right: notebook, diff: [] } });
    expect(await screen.findByText(SAME)).toBeTruthy();
  });
});
