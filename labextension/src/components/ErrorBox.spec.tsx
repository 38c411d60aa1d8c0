import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IExecutionError } from '../api/types';
import { until } from '../testing/until';
import { ErrorBox } from './ErrorBox';

const lines = Array.from({ length: 30 }, (_, index) => `line ${index + 1}`);
const error: IExecutionError = { cell: 8, code_cell: 7, ename: 'ValueError', evalue: 'bad' };

function shown(): string | null | undefined {
  return document.querySelector('.valo-Traceback')?.textContent;
}

describe('the box of an error', () => {
  it('says which cell, which error, and shows the beginning of the traceback, then all of it', () => {
    render(<ErrorBox error={{ ...error, traceback: lines.join('\n') }} />);
    expect(screen.getByRole('alert').textContent).toBe('Failed in cell 7ValueError: bad');
    expect(shown()).toBe(lines.slice(0, 12).join('\n'));
    fireEvent.click(screen.getByRole('button', { name: 'Show all 30 lines' }));
    expect(shown()).toBe(lines.join('\n'));
    fireEvent.click(screen.getByRole('button', { name: 'Show less' }));
    expect(shown()).toBe(lines.slice(0, 12).join('\n'));
  });

  it('draws terminal colours, and nothing that the error text would inject', async () => {
    const traceback = '\x1b[31mValueError\x1b[0m: <img src=x onerror=alert(1)>';
    render(<ErrorBox error={{ ...error, traceback }} />);
    await until(() => expect(document.querySelector('.ansi-red-fg')?.textContent).toBe('ValueError'));
    expect(shown()).toBe('ValueError: <img src=x onerror=alert(1)>');
    expect(document.querySelector('img')).toBeNull();
  });

  it('does not say the same twice', () => {
    render(<ErrorBox error={{ ...error, traceback: 'ValueError: bad' }} />);
    expect(document.querySelector('.valo-Traceback')).toBeNull();
  });

  it('leads to the failing cell where there is a notebook', () => {
    const show = vi.fn();
    const go = vi.fn();
    const { rerender } = render(<ErrorBox error={error} onShowCell={show} onGoToCell={go} />);
    fireEvent.click(screen.getByRole('button', { name: 'Show the cell in the notebook' }));
    expect(show).toHaveBeenCalledWith(7);
    fireEvent.click(screen.getByRole('button', { name: 'Go to the cell' }));
    expect(go).toHaveBeenCalled();
    rerender(<ErrorBox error={error} />);
    expect(screen.queryByRole('button')).toBeNull();
  });
});
