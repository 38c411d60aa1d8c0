import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anExecution } from '../testing/server';
import { Mark } from './Mark';

const running = anExecution('x12', {
  status: 'started',
  progress: { cell: 6, code: 4, of: 20, fraction: 0.15 },
  metric: { name: 'loss', value: 0.25, values: [1, 0.5, 0.25] }
});

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
    expect(open).toHaveBeenCalledWith(running);
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
});
