import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ValoError } from '../api/errors';
import type { IUploadItem } from '../model/uploads';
import { UploadList } from './UploadList';

const sending: IUploadItem = {
  key: 1,
  name: 'big.bin',
  size: 4000,
  project: 'p1',
  state: 'sending',
  received: 1000,
  error: null,
  datum: null
};

function show(...items: Partial<IUploadItem>[]) {
  const actions = { cancel: vi.fn(), resume: vi.fn(() => true), clear: vi.fn() };
  render(<UploadList items={items.map((item, key) => ({ ...sending, key, ...item }))} actions={actions} />);
  return actions;
}

describe('uploads', () => {
  it('say how far they are, and are given up by name', () => {
    const actions = show({});
    expect(screen.getByText('1 kB of 4 kB')).toBeTruthy();
    expect(screen.getByRole('progressbar', { name: 'Upload of big.bin' })).toHaveProperty('value', 0.25);
    fireEvent.click(screen.getByRole('button', { name: 'Cancel the upload of big.bin' }));
    expect(actions.cancel).toHaveBeenCalledWith(0);
  });

  it('that failed say why, and go on', () => {
    const actions = show({ state: 'failed', error: new ValoError('full', 'The disk is full.') });
    expect(screen.getByRole('alert').textContent).toBe('The disk is full.');
    fireEvent.click(screen.getByRole('button', { name: 'Go on with big.bin' }));
    expect(actions.resume).toHaveBeenCalledWith(0);
  });

  it('that arrived are taken off the list together', () => {
    const actions = show({ state: 'done' }, { state: 'done', name: 'b' }, { name: 'c' });
    fireEvent.click(screen.getByRole('button', { name: 'Take 2 that have arrived off the list' }));
    expect(actions.clear).toHaveBeenCalled();
    expect(screen.getAllByRole('progressbar')).toHaveLength(1);
  });

  it('are not there when there is none', () => {
    show();
    expect(screen.queryByRole('region', { name: 'Uploads' })).toBeNull();
  });
});
