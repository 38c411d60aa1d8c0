import { fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import type { INotebookInfo } from '../api/types';
import { EMPTY, requestOf, type IDraft } from '../model/draft';
import { anEnvironment } from '../testing/pool';
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
        environments={[
          anEnvironment('local', { default: true, queue: { created: 0, queued: 2, running: 5 } }),
          anEnvironment('gpu', { per_hour_price_usd: 1.2, machines: { starting: 0, idle: 1, busy: 2, draining: 0 } }),
          anEnvironment('old', { enabled: false })
        ]}
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
  });

  it('says of each environment what is free, who waits, the price, and why it cannot be chosen', () => {
    const { last } = show();
    expect(screen.getByRole('option', { name: 'Default: local · 2 waiting' })).toBeTruthy();
    expect(screen.getByRole('option', { name: 'gpu · 3 of 5 free · $1.20 per hour' })).toBeTruthy();
    expect(screen.getByRole('option', { name: 'old · disabled' })).toHaveProperty('disabled', true);
    fireEvent.change(screen.getByRole('combobox', { name: 'Environment' }), { target: { value: 'gpu' } });
    expect(last().environment).toBe('gpu');
  });

  it('takes an image and resources, and says what is no size', () => {
    const { last, run } = show();
    fireEvent.click(screen.getByText('More'));
    const field = (label: string) => screen.getByLabelText(label);
    fireEvent.change(field('Image'), { target: { value: 'python:3.12' } });
    fireEvent.change(field('Memory'), { target: { value: 'much' } });
    expect(screen.getByRole('alert').textContent).toBe('This must be a size, such as 512 MB or 2 GB.');
    fireEvent.click(screen.getByRole('button', { name: 'Run' }));
    expect(run).not.toHaveBeenCalled();
    fireEvent.change(field('Memory'), { target: { value: '2 GB' } });
    fireEvent.change(field('GPUs'), { target: { value: '1' } });
    expect(requestOf(last(), info)).toMatchObject({
      image: 'python:3.12',
      resources: { memory_bytes: 2_000_000_000, gpus: 1 }
    });
  });

  it('takes environment variables, hides secret ones, and forgets all choices by one click', () => {
    const { last } = show();
    fireEvent.click(screen.getByRole('button', { name: '+ variable' }));
    const name = screen.getByRole('textbox', { name: 'Name of variable 1' });
    expect(document.activeElement).toBe(name);
    fireEvent.change(name, { target: { value: 'TOKEN' } });
    fireEvent.change(screen.getByRole('textbox', { name: 'Value of TOKEN' }), { target: { value: 'hunter2' } });
    fireEvent.click(screen.getByRole('checkbox', { name: 'TOKEN is secret' }));
    expect(screen.getByLabelText('Value of TOKEN')).toHaveProperty('type', 'password');
    expect(last().variables).toEqual([{ name: 'TOKEN', value: 'hunter2', secret: true }]);
    fireEvent.click(screen.getByRole('button', { name: 'Reset all' }));
    expect(last()).toEqual(EMPTY);
    expect(screen.queryByRole('button', { name: 'Reset all' })).toBeNull();
  });
});
