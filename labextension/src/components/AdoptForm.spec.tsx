import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IAdoption, IStore } from '../api/dataTypes';
import { aStore } from '../testing/data';
import { AdoptForm } from './AdoptForm';

function show(onAdopt: () => Promise<IAdoption>, stores: IStore[] = [aStore('team'), aStore('open')]) {
  const adopt = vi.fn(onAdopt);
  const calls = { onStores: vi.fn(), onClose: vi.fn() };
  render(<AdoptForm stores={stores} onAdopt={adopt} {...calls} />);
  return { adopt, ...calls };
}

const type = (name: string, value: string) =>
  fireEvent.change(screen.getByRole('textbox', { name }), { target: { value } });
const submit = () => fireEvent.click(screen.getByRole('button', { name: 'Adopt' }));

describe('adopting files', () => {
  it('takes addresses line by line, from the store that they are in', async () => {
    const { adopt } = show(() =>
      Promise.resolve({ ok: true, created: { a: 'd1' }, existing: { b: 'd2' }, errors: [] })
    );
    expect(screen.getByRole('button', { name: 'Adopt' })).toHaveProperty('disabled', true);
    type('Addresses', ' s3://open/a.csv\n\ns3://open/x/*.png ');
    type('Tags', 'raw, ,new');
    submit();
    expect(await screen.findByText('1 adopted, 1 known already, 0 not adopted.')).toBeTruthy();
    expect(adopt).toHaveBeenCalledWith(aStore('open'), ['s3://open/a.csv', 's3://open/x/*.png'], ['raw', 'new']);
    expect(screen.getByRole('button', { name: 'Close' })).toBeTruthy();
  });

  it('keeps those that failed, each with its reason', async () => {
    const errors = [{ url: 's3://team/no.csv', message: 'There is no object.', code: 'not_found' }];
    show(() => Promise.resolve({ ok: false, created: {}, existing: {}, errors }));
    type('Addresses', 's3://team/a.csv\ns3://team/no.csv');
    submit();
    expect((await screen.findByRole('status')).textContent).toContain('There is no object.');
    expect(screen.getByRole('textbox', { name: 'Addresses' })).toHaveProperty('value', 's3://team/no.csv');
  });

  it('keeps what was typed when it fails as a whole', async () => {
    show(() => Promise.reject(new Error('The store is away.')));
    type('Addresses', 's3://team/a.csv');
    submit();
    expect((await screen.findByRole('alert')).textContent).toBe('The store is away.');
    expect(screen.getByRole('textbox', { name: 'Addresses' })).toHaveProperty('value', 's3://team/a.csv');
  });

  it('leads to the stores when there is none', () => {
    const { onStores } = show(() => Promise.reject(new Error('never asked')), []);
    fireEvent.click(screen.getByRole('button', { name: 'Data stores' }));
    expect(onStores).toHaveBeenCalled();
  });
});
