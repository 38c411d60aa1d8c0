import { fireEvent, render, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IDatum } from '../api/dataTypes';
import { aDatum } from '../testing/data';
import { DatumTable, type IDatumTableProps } from './DatumTable';

const rows = ['a.csv', 'b.csv', 'c.csv'].map(name => aDatum(name));

function show(changes: Partial<IDatumTableProps> = {}) {
  const calls = { onOrder: vi.fn(), onOpen: vi.fn(), onChoose: vi.fn(), onMore: vi.fn() };
  render(<DatumTable rows={rows} count={3} chosen={new Set()} open={null} ordering="-ctime" {...calls} {...changes} />);
  return calls;
}

const row = (name: string) => screen.getByRole('button', { name }).closest('[role=row]') as HTMLElement;

describe('the table of files', () => {
  it('opens a file by a click anywhere on its row, once', () => {
    const { onOpen } = show();
    fireEvent.click(within(row('b.csv')).getByText('1.2 kB'));
    fireEvent.click(screen.getByRole('button', { name: 'c.csv' }));
    expect(onOpen.mock.calls.map(([{ name }]: IDatum[]) => name)).toEqual(['b.csv', 'c.csv']);
  });

  it('chooses by a box, and opens nothing by that', () => {
    const { onOpen, onChoose } = show({ chosen: new Set(['d-a.csv']) });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Choose b.csv' }));
    expect(onChoose).toHaveBeenLastCalledWith(new Set(['d-a.csv', 'd-b.csv']));
    fireEvent.click(screen.getByRole('checkbox', { name: 'Choose a.csv' }));
    expect(onChoose).toHaveBeenLastCalledWith(new Set());
    fireEvent.click(screen.getByRole('checkbox', { name: 'Choose all that are shown' }));
    expect(onChoose).toHaveBeenLastCalledWith(new Set(rows.map(({ id }) => id)));
    expect(onOpen).not.toHaveBeenCalled();
  });

  it('is walked by arrow keys, and stays at its ends', () => {
    const { onOpen } = show();
    fireEvent.keyDown(screen.getByRole('button', { name: 'b.csv' }), { key: 'ArrowDown' });
    expect(onOpen).toHaveBeenLastCalledWith(rows[2]);
    fireEvent.keyDown(screen.getByRole('button', { name: 'a.csv' }), { key: 'ArrowUp' });
    expect(onOpen).toHaveBeenCalledTimes(1);
  });

  it('tells how long it is, where one is in it, and which one is open', () => {
    show({ count: 100_000, open: 'd-b.csv' });
    expect(screen.getByRole('table', { name: 'Files' }).getAttribute('aria-rowcount')).toBe('100001');
    expect(row('b.csv').getAttribute('aria-rowindex')).toBe('3');
    expect(screen.getByRole('button', { current: true }).textContent).toBe('b.csv');
  });

  it('is ordered by its head, first as one wants it and then the other way', () => {
    const { onOrder } = show({ ordering: '-size' });
    expect(screen.getByRole('columnheader', { name: /^Size/ }).getAttribute('aria-sort')).toBe('descending');
    fireEvent.click(screen.getByRole('button', { name: /^Size/ }));
    fireEvent.click(screen.getByRole('button', { name: 'Name' }));
    expect(onOrder.mock.calls).toEqual([['size'], ['name']]);
  });

  it('has no more rows in the page than are seen', () => {
    show({ rows: Array.from({ length: 5000 }, (_, number) => aDatum(`f${number}`)), count: 5000 });
    expect(screen.getAllByRole('row').length).toBeLessThan(60);
  });
});
