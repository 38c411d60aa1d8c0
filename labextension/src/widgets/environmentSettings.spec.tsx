import { fireEvent, render, screen, within } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it, vi } from 'vitest';
import { ValoError } from '../api/errors';
import type { EnvironmentChanges } from '../api/pool';
import type { IEnvironment } from '../api/types';
import type { SettingsDraft } from '../model/settings';
import { anEnvironment, SSH } from '../testing/pool';
import { FakeServer } from '../testing/server';
import { EnvironmentSettings } from './environmentSettings';

const gpu = anEnvironment('gpu', { engine: 'ssh', options: { hosts: ['a@b'], key: { set: true } } });

function show(
  environment: IEnvironment | null,
  onSave: (changes: EnvironmentChanges) => Promise<unknown> = () => Promise.resolve(),
  readOnly: string | null = null
) {
  const server = new FakeServer();
  server.on('GET', 'valo/api/v0/engines/', () => ({ results: [SSH] }));
  const onTest = vi.fn();
  function Host(): JSX.Element {
    const [draft, setDraft] = useState<SettingsDraft>({});
    return (
      <EnvironmentSettings
        api={server.api.pool}
        environment={environment}
        engine={environment ? undefined : 'ssh'}
        draft={draft}
        onDraft={setDraft}
        readOnly={readOnly}
        testing={false}
        onSave={onSave}
        onTest={onTest}
        onRegistries={() => undefined}
      />
    );
  }
  render(<Host />);
  return onTest;
}

function type(label: string, value: string): void {
  fireEvent.change(screen.getByRole('textbox', { name: new RegExp(`^${label}`) }), { target: { value } });
}

describe('the settings of an environment', () => {
  it('has the engine’s options, and a secret is only said to be set', async () => {
    show(gpu);
    expect(await screen.findByRole('textbox', { name: /^Hosts/ })).toHaveProperty('value', 'a@b');
    expect(screen.getByText('set')).toBeTruthy();
    expect(screen.queryByLabelText('Private key')?.tagName).toBe('BUTTON');
  });

  it('saves what was changed, and nothing before', async () => {
    const onSave = vi.fn(() => Promise.resolve());
    show(gpu, onSave);
    await screen.findByRole('textbox', { name: /^Hosts/ });
    expect(screen.getByRole('button', { name: 'Save' })).toHaveProperty('disabled', true);
    type('Maximum scale', '7');
    type('Memory', '2 GB');
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    await screen.findByText('Saved.');
    expect(onSave).toHaveBeenCalledWith({
      max_scale: 7,
      containers: { mode: 'always', profile: 'default', network: 'bridge', memory_bytes: 2_000_000_000 }
    });
  });

  it('shows beside each field what the server refused, and keeps what was typed', async () => {
    const refusal = new ValoError('invalid_environment', 'Two problems.', {
      'options.hosts': 'c is no host.',
      elsewhere: 'Something else.'
    });
    show(gpu, () => Promise.reject(refusal));
    await screen.findByRole('textbox', { name: /^Hosts/ });
    type('Hosts', 'c');
    fireEvent.click(screen.getByRole('button', { name: 'Save' }));
    const error = await screen.findByText('c is no host.');
    const field = error.closest('.valo-Setting') as HTMLElement;
    expect(within(field).getByRole('textbox')).toHaveProperty('value', 'c');
    expect(within(field).getByRole('textbox').getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('Something else.')).toBeTruthy();
    type('Hosts', 'd');
    expect(screen.queryByText('c is no host.')).toBeNull();
  });

  it('asks of a new one for what is needed, before the server does', async () => {
    const onSave = vi.fn(() => Promise.resolve());
    show(null, onSave);
    await screen.findByRole('textbox', { name: /^Hosts/ });
    fireEvent.click(screen.getByRole('button', { name: 'Create' }));
    expect(screen.getAllByText('This is needed.')).toHaveLength(2);
    expect(onSave).not.toHaveBeenCalled();
    type('Name', 'GPU');
    type('Hosts', 'a@b');
    fireEvent.click(screen.getByRole('button', { name: 'Create' }));
    await screen.findByText('Saved.');
    expect(onSave).toHaveBeenCalledWith(expect.objectContaining({ name: 'GPU', engine: 'ssh' }));
  });

  it('tests what is not saved yet', async () => {
    const onTest = show(gpu);
    await screen.findByRole('textbox', { name: /^Hosts/ });
    type('Hosts', 'x@y');
    fireEvent.click(screen.getByRole('button', { name: 'Test these settings' }));
    expect(onTest).toHaveBeenCalledWith({
      engine: 'ssh',
      options: { hosts: ['x@y'], accept_new_hosts: false, environment: {} }
    });
  });

  it('is read-only for those who may not write, and says why', async () => {
    show(gpu, undefined, 'Only administrators change environments.');
    expect(await screen.findByRole('textbox', { name: /^Hosts/ })).toHaveProperty('disabled', true);
    expect(screen.getByText('Only administrators change environments.')).toBeTruthy();
    expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
    expect(screen.queryByRole('button', { name: /^Replace/ })).toBeNull();
  });
});
