import type { Cell } from '@jupyterlab/cells';
import type { INotebookCellExecutor } from '@jupyterlab/notebook';
import { describe, expect, it, vi } from 'vitest';
import { CellExecutor } from './executor';

function aRun(type: string, tags: unknown): INotebookCellExecutor.IRunCellOptions {
  const cell = { model: { type, getMetadata: () => tags } } as unknown as Cell;
  return { cell, onCellExecuted: vi.fn() } as unknown as INotebookCellExecutor.IRunCellOptions;
}

describe('running cells in Lab', () => {
  it('skips those that are remote-only, and says so', async () => {
    const inner = { runCell: vi.fn(async () => true) };
    const executor = new CellExecutor(inner, () => true);
    const skipped = vi.fn();
    executor.skipped.connect(skipped);
    const run = aRun('code', ['slow', 'remote-only']);
    expect(await executor.runCell(run)).toBe(true);
    expect(inner.runCell).not.toHaveBeenCalled();
    expect(run.onCellExecuted).toHaveBeenCalledWith({ cell: run.cell, success: true });
    expect(skipped).toHaveBeenCalledWith(executor, run.cell);
  });

  it('runs all others as Lab does, and those too when the setting says so', async () => {
    const inner = { runCell: vi.fn(async () => true) };
    for (const run of [aRun('code', ['local-only']), aRun('code', undefined), aRun('markdown', ['remote-only'])]) {
      await new CellExecutor(inner, () => true).runCell(run);
      expect(inner.runCell).toHaveBeenLastCalledWith(run);
    }
    const run = aRun('code', ['remote-only']);
    await new CellExecutor(inner, () => false).runCell(run);
    expect(inner.runCell).toHaveBeenLastCalledWith(run);
  });
});
