import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IDatum } from '../api/dataTypes';
import { aDatum } from '../testing/data';
import { DatumDetail } from './DatumDetail';

function show(changes: Partial<IDatum> = {}) {
  const actions = {
    close: vi.fn(),
    download: vi.fn(),
    use: vi.fn(),
    trace: vi.fn(),
    purge: vi.fn(),
    tag: vi.fn(),
    alias: vi.fn(),
    history: vi.fn(() =>
      Promise.resolve([{ datum: null, user: { id: 1, username: 'ana' }, execution: null, time: '2026-01-01T10:00:00' }])
    ),
    openExecution: vi.fn(),
    openDataset: vi.fn()
  };
  const datum = aDatum('model.pkl', changes);
  render(<DatumDetail datum={datum} address="datum://d1" preview={null} actions={actions} />);
  return { actions, datum };
}

const button = (name: string) => screen.getByRole('button', { name });

describe('a file', () => {
  it('leads to where it comes from, and to the datasets that it is in', () => {
    const { actions } = show({
      output_execution: { id: 'x12', counter: 12 },
      datasets: [{ dataset: 'digits', version: 'v1', name: 'model.pkl' }]
    });
    fireEvent.click(button('#12'));
    expect(actions.openExecution).toHaveBeenCalledWith({ id: 'x12', counter: 12 });
    fireEvent.click(button('digits/v1'));
    expect(actions.openDataset).toHaveBeenCalledWith('digits');
    expect(screen.getByRole('complementary', { name: 'File model.pkl' })).toBeTruthy();
  });

  it('is tagged, and loses an alias, by the keyboard', () => {
    const { actions, datum } = show({ tags: ['prod'], aliases: ['best'] });
    const field = screen.getByRole('textbox', { name: 'Add a tag' });
    fireEvent.change(field, { target: { value: ' new ' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(actions.tag).toHaveBeenCalledWith(datum, ['prod', 'new']);
    fireEvent.click(button('Remove alias best'));
    expect(actions.alias).toHaveBeenCalledWith(datum, []);
  });

  it('is known by its address, and says where its content is', () => {
    show();
    expect(screen.getByText('datum://d1')).toBeTruthy();
    expect(screen.getByText('built-in')).toBeTruthy();
    expect(screen.getByText('1.2 kB (1,200 bytes)')).toBeTruthy();
  });

  it('that is purged is a record: nothing is offered that needs its content', () => {
    show({ purged: true });
    expect(screen.getByText('Its content was purged; the record remains.')).toBeTruthy();
    for (const name of ['Download', 'Use as input', 'Purge…']) {
      expect(screen.queryByRole('button', { name })).toBeNull();
    }
    expect(button('Trace')).toBeTruthy();
  });

  it('that could not be brought to its store says so', () => {
    show({ wanted_store: { id: 's1', name: 'team', type: 's3' } });
    expect(screen.getByText(/could not be brought to the store team/)).toBeTruthy();
  });

  it('shows what an alias meant before, when that is asked for', async () => {
    const { actions } = show({ aliases: ['best'] });
    expect(actions.history).not.toHaveBeenCalled();
    const details = screen.getByText('History of the alias best').closest('details') as HTMLDetailsElement;
    details.open = true;
    fireEvent(details, new Event('toggle'));
    expect(await screen.findByText('no file', { exact: false })).toBeTruthy();
    expect(actions.history).toHaveBeenCalledWith('best');
  });
});
