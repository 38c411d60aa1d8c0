import { fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { INotebookInfo } from '../api/types';
import { EMPTY, type IDraft } from '../model/draft';
import { RunForm } from './RunForm';

const info: INotebookInfo = {
  project: { id: 'p1', name: 'digits' },
  folder: '/w',
  path: 'a.ipynb',
  parameters: [
    { name: 'epochs', type: 'integer', default: 5, optional: false },
    { name: 'fast', type: 'flag', default: true, optional: false }
  ],
  inputs: [],
  kernel: null,
  problems: ['Parameter `seed` is computed.']
};

function show(): { run: ReturnType<typeof vi.fn>; last: () => IDraft } {
  const run = vi.fn();
  let draft: IDraft = EMPTY;
  function Host(): JSX.Element {
    const [state, setState] = useState<IDraft>(EMPTY);
    draft = state;
    return (
      <RunForm
        info={info}
        environments={[{ id: 'e1', name: 'local', slug: 'local', unfinished_job_count: 2 }]}
        draft={state}
        shortcut="Ctrl+Enter"
        onChange={setState}
        onRun={run}
      />
    );
  }
  render(<Host />);
  return { run, last: () => draft };
}

describe('the run form', () => {
  it('keeps what differs, and returns to the notebook’s own value by a click', () => {
    const { last } = show();
    const epochs = screen.getByRole('textbox', { name: 'epochs' });
    fireEvent.change(epochs, { target: { value: '7' } });
    fireEvent.click(screen.getByRole('checkbox', { name: 'fast' }));
    expect(last().parameters).toEqual({ epochs: '7', fast: 'false' });
    fireEvent.click(screen.getByRole('button', { name: 'Reset epochs' }));
    fireEvent.click(screen.getByRole('checkbox', { name: 'fast' }));
    expect(last().parameters).toEqual({});
  });

  it('says what does not fit, and does not run it', () => {
    const { run } = show();
    fireEvent.change(screen.getByRole('textbox', { name: 'epochs' }), { target: { value: '1.5' } });
    expect(screen.getByRole('alert').textContent).toBe('Not a whole number');
    expect(screen.getByRole('textbox', { name: 'epochs' }).getAttribute('aria-invalid')).toBe('true');
    fireEvent.keyDown(screen.getByRole('textbox', { name: 'epochs' }), { key: 'Enter', ctrlKey: true });
    expect(screen.getByRole('button', { name: 'Run' })).toHaveProperty('disabled', true);
    expect(run).not.toHaveBeenCalled();
  });

  it('runs by its button and by the keyboard, and shows what the notebook’s reader found', () => {
    const { run } = show();
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    fireEvent.keyDown(screen.getByRole('textbox', { name: 'Tags' }), { key: 'Enter', ctrlKey: true });
    expect(run).toHaveBeenCalledTimes(2);
    expect(screen.getByText('Parameter `seed` is computed.')).toBeTruthy();
    expect(screen.getByRole('option', { name: 'local · 2 under way' })).toBeTruthy();
  });
});
