import { fireEvent, render, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IStore } from '../api/dataTypes';
import { aStore, S3 } from '../testing/data';
import { StoreTable } from './StoreTable';

function show(stores: IStore[], testing: string | null = null) {
  const actions = { edit: vi.fn(), remove: vi.fn(), test: vi.fn(), makeDefault: vi.fn(), files: vi.fn() };
  render(<StoreTable stores={stores} kinds={[S3]} testing={testing} actions={actions} />);
  return actions;
}

const row = (name: string) => screen.getByRole('rowheader', { name }).closest('tr') as HTMLElement;

describe('the stores', () => {
  it('end with the built-in one, which is the default while no other is', () => {
    const actions = show([aStore('team')]);
    expect(screen.getAllByRole('rowheader').map(({ textContent }) => textContent?.trim())).toEqual([
      'team',
      'Built-in store default'
    ]);
    fireEvent.click(screen.getByRole('button', { name: 'Make team the default' }));
    expect(actions.makeDefault).toHaveBeenCalledWith(aStore('team'));
  });

  it('give the default back to the built-in one', () => {
    const actions = show([aStore('team', { default: true })]);
    fireEvent.click(screen.getByRole('button', { name: 'Make the built-in store the default' }));
    expect(actions.makeDefault).toHaveBeenCalledWith(null);
    expect(screen.queryByRole('button', { name: 'Make team the default' })).toBeNull();
  });

  it('say where credentials come from, never what they are, and what the server lacks', () => {
    show([aStore('team'), aStore('open', { credentials: {}, installed: false })]);
    expect(within(row('team')).getByText('set')).toBeTruthy();
    expect(screen.getByText('of the machine')).toBeTruthy();
    expect(screen.getByText('pip install "valo-jupyter[s3]"')).toBeTruthy();
  });

  it('have buttons that name what they are for; one is tested at a time', () => {
    const actions = show([aStore('team'), aStore('other')], 's-team');
    for (const [verb, called] of [
      ['Edit', actions.edit],
      ['Delete', actions.remove]
    ] as const) {
      fireEvent.click(screen.getByRole('button', { name: `${verb} other` }));
      expect(called).toHaveBeenCalledWith(aStore('other'));
    }
    fireEvent.click(screen.getByRole('button', { name: 'Files in the built-in store' }));
    expect(actions.files).toHaveBeenCalledWith('built-in');
    expect(screen.getByRole('button', { name: 'Test team' }).textContent).toBe('Testing…');
    expect(screen.getByRole('button', { name: 'Test other' })).toHaveProperty('disabled', true);
  });
});
