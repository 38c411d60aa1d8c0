import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IFinding } from '../api/types';
import { askSecrets } from './secretGuard';

/** jsdom shows no dialog. */
const HIDDEN = { hidden: true };

function aFinding(id: string, changes: Partial<IFinding>): IFinding {
  return { id, kind: 'AWS Access Key', where: 'cell', name: null, cell: null, line: 1, shown: 'AKIA…', ...changes };
}

describe('the secret guard', () => {
  it('leads to cells of the notebook that is run, and of no other one', async () => {
    const toCell = vi.fn();
    const findings = [
      aFinding('f1', { where: 'file', name: 'other.ipynb', cell: 4 }),
      aFinding('f2', { where: 'cell', cell: 2 })
    ];
    const answer = askSecrets(nullTranslator.load(''), findings, { toCell, toForm: vi.fn() });
    const dialog = within(await screen.findByRole('dialog', HIDDEN));
    expect(await dialog.findByText('other.ipynb, line 1', { exact: false })).toBeTruthy();
    fireEvent.click(dialog.getByRole('button', { name: 'Go to cell', ...HIDDEN }));
    expect(await answer).toBeNull();
    expect(toCell.mock.calls).toEqual([[2]]);
  });
});
