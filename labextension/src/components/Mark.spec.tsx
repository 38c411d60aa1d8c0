import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anExecution } from '../testing/server';
import { Mark } from './Mark';

const running = anExecution('x12', {
  status: 'started',
  progress: { cell: 6, code: 4, of: 20, fraction: 0.15 },
  metric: { name: 'loss', value: 0.25, values: [1, 0.5, 0.25] }
});

const cell = (state: 'changed' | 'added') => ({ id: state, index: 0, state, was: null });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a mark', () => {
  it('says number, title and state to those who do not see its colour', () => {
    render(<Mark execution={running} onOpen={vi.fn()} />);
    const mark = screen.getByRole('button', { name: '#12 quickstart: cell 4 of 20' });
    expect(mark.getAttribute('aria-busy')).toBe('true');
    expect(document.querySelector('.valo-Ring-done')?.getAttribute('stroke-dasharray')).toBe('15 100');
  });

  it('opens its execution', () => {
    const open = vi.fn();
    render(<Mark execution={running} onOpen={open} />);
    fireEvent.click(screen.getByRole('button'));
    expect(open).toHaveBeenCalledWith(running, screen.getByRole('button'));
  });

  it('shows its card to pointer and keyboard alike, until Escape', () => {
    render(<Mark execution={running} onOpen={vi.fn()} />);
    const mark = screen.getByRole('button');
    act(() => mark.focus());
    act(() => void vi.advanceTimersByTime(500));
    const card = screen.getByRole('tooltip');
    expect(card.textContent).toContain('loss 0.25');
    expect(mark.getAttribute('aria-describedby')).toBe(card.id);
    fireEvent.keyDown(document, { key: 'Escape' });
    expect(screen.queryByRole('tooltip')).toBeNull();
  });

  it('shows no card to a pointer that only passes', () => {
    render(<Mark execution={running} onOpen={vi.fn()} />);
    fireEvent.pointerEnter(screen.getByRole('button').parentElement!);
    act(() => void vi.advanceTimersByTime(100));
    fireEvent.pointerLeave(screen.getByRole('button').parentElement!);
    act(() => void vi.advanceTimersByTime(1000));
    expect(screen.queryByRole('tooltip')).toBeNull();
  });

  it('says that the notebook has moved on, and where it runs', () => {
    const drift = { changed: 2, cells: [cell('changed'), cell('added')], removed: 1, error: null };
    const placed = { ...running, machine: { hostname: 'node7', place: 'on-prem' as const } };
    render(<Mark execution={placed} drift={drift} onOpen={vi.fn()} menu />);
    const name = '#12 quickstart: cell 4 of 20. Since then: 1 cell changed, 1 added, 1 removed';
    const mark = screen.getByRole('button', { name });
    expect(mark.getAttribute('aria-haspopup')).toBe('menu');
    expect(document.querySelector('.valo-Mark-drift')).toBeTruthy();
    act(() => mark.focus());
    act(() => void vi.advanceTimersByTime(500));
    expect(screen.getByRole('tooltip').textContent).toContain('local · node7');
  });

  it('has no dot while the notebook is as it was', () => {
    render(<Mark execution={running} drift={{ changed: 0, cells: [], removed: 0, error: null }} />);
    expect(document.querySelector('.valo-Mark-drift')).toBeNull();
  });
});
