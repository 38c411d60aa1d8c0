import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { CellTable, type ICellRow } from './CellTable';

const row = (code: number, changes: Partial<ICellRow> = {}): ICellRow => ({
  code,
  source: `step(${code})`,
  state: 'done',
  seconds: 1.5,
  peakBytes: null,
  why: null,
  ...changes
});

const cells = () => screen.getAllByRole('row').map(found => [...found.children].map(cell => cell.textContent));

describe('the table of cells', () => {
  it('has memory and cost where they are known', () => {
    render(
      <CellTable
        cells={[row(1, { peakBytes: 140_000_000 }), row(2, { state: 'waiting', seconds: null })]}
        ended={true}
        price={0.01}
      />
    );
    expect(cells()).toEqual([
      ['Cell', 'First line', 'State', 'Memory', 'Cost', 'Time'],
      ['1', 'step(1)', 'done', '140 MB', '$0.015', '1.5 s'],
      ['2', 'step(2)', 'not run', '', '', '']
    ]);
  });

  it('has neither where nobody tells', () => {
    render(<CellTable cells={[row(1)]} ended={false} price={null} />);
    expect(cells()[0]).toEqual(['Cell', 'First line', 'State', 'Time']);
  });

  it('says why a cell was skipped', () => {
    render(
      <CellTable cells={[row(1, { state: 'skipped', why: 'local-only', seconds: null })]} ended={true} price={null} />
    );
    expect(screen.getByText('skipped').title).toBe('It has the tag local-only');
  });
});
