import { fireEvent, render, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IRegistry } from '../api/pool';
import { aMachine, anEnvironment } from '../testing/pool';
import { anExecution } from '../testing/server';
import { EnvironmentHeader } from './EnvironmentHeader';
import { MachineTable } from './MachineTable';
import { QueueTable } from './QueueTable';
import { RegistryTable } from './RegistryTable';
import { TrialView } from './TrialView';

function soon(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

describe('the head of an environment', () => {
  const nothing = { onDefault: vi.fn(), onTest: vi.fn(), busy: false, testing: false };
  const gpu = anEnvironment('gpu', { per_hour_price_usd: 2, cost: { running: 0.5, day: 12 } });

  it('says what it costs and what keeps it from work, and is switched off', () => {
    const onEnable = vi.fn();
    render(
      <EnvironmentHeader {...nothing} environment={gpu} problem="no capacity" readOnly={null} onEnable={onEnable} />
    );
    expect(screen.getByText('$2.00 per hour')).toBeTruthy();
    expect(screen.getByText('$12.00 in 24 h')).toBeTruthy();
    expect(screen.getByText('No machine can be had: no capacity')).toBeTruthy();
    fireEvent.click(screen.getByRole('switch', { name: 'Enabled' }));
    expect(onEnable).toHaveBeenCalledWith(false);
  });

  it('offers nothing to those who may not write', () => {
    render(
      <EnvironmentHeader {...nothing} environment={gpu} problem={null} readOnly="Not you." onEnable={() => undefined} />
    );
    expect(screen.getByRole('switch')).toHaveProperty('disabled', true);
    expect(screen.getByRole('button', { name: 'Test' })).toHaveProperty('title', 'Not you.');
    expect(screen.queryByRole('button', { name: 'Make default' })).toBeNull();
  });
});

describe('the machines', () => {
  it('say what they do, for how long still, and what they are', () => {
    const onOpen = vi.fn();
    const execution = { id: 'x12', counter: 12, project: 'p1', title: 'quickstart' };
    render(
      <MachineTable
        machines={[
          aMachine('m1', { state: 'idle', idle_until: soon(125) }),
          aMachine('m2', { state: 'busy', execution }),
          aMachine('m3', { state: 'starting', hardware: null })
        ]}
        onOpen={onOpen}
      />
    );
    expect(screen.getByText(/^idle, closes in 2 m \d s$/)).toBeTruthy();
    expect(screen.getByText('m1 · on-prem · 8 cores · 32 GB')).toBeTruthy();
    expect(screen.getByText('not known yet')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'busy with #12 quickstart' }));
    expect(onOpen).toHaveBeenCalledWith(execution);
  });
});

describe('the line', () => {
  it('has everybody with place and reason, and a way out', () => {
    const onStop = vi.fn();
    const waits = anExecution('x7', { queue_position: 1, status_detail: 'in line: all 5 machines are busy' });
    render(<QueueTable queue={[waits]} count={3} onOpen={() => undefined} onStop={onStop} />);
    const row = screen.getByText('all 5 machines are busy').closest('tr') as HTMLElement;
    expect(within(row).getByText('ana')).toBeTruthy();
    expect(screen.getByText('and 2 more')).toBeTruthy();
    fireEvent.click(within(row).getByRole('button', { name: 'Stop #7' }));
    expect(onStop).toHaveBeenCalledWith(waits);
  });
});

describe('a test', () => {
  it('shows each step, and of one that failed why', () => {
    const steps = [
      { name: 'start', ok: true, message: '', seconds: 1.5 },
      { name: 'reach', ok: false, message: 'Permission denied (publickey).', seconds: null }
    ];
    render(<TrialView status="failed" steps={steps} hardware={null} error={null} onClose={() => undefined} />);
    expect(screen.getByRole('status').textContent).toBe('Test failed');
    const [first, second] = screen.getAllByRole('listitem');
    expect(first.textContent).toContain('Start a machine ok · 1.5 s');
    expect(second.textContent).toContain('Permission denied (publickey).');
  });
});

describe('the registries', () => {
  const entry: IRegistry = {
    id: 'r1',
    match: 'docker.io/ana/*',
    type: 'docker-hub',
    username: 'ana',
    password: { set: true },
    owner: { id: 1, username: 'ana' },
    ctime: '2026-01-01T10:00:00.000000',
    mtime: '2026-01-01T10:00:00.000000'
  };

  it('are tested with an image, and the answer stands there', async () => {
    const test = vi.fn(() => Promise.resolve({ ok: false, message: 'It was refused.', image: null, digest: null }));
    render(<RegistryTable registries={[entry]} actions={{ edit: () => undefined, remove: () => undefined, test }} />);
    fireEvent.click(screen.getByRole('button', { name: 'Test docker.io/ana/*' }));
    fireEvent.change(screen.getByRole('textbox', { name: 'Image to ask for' }), { target: { value: ' ana/app ' } });
    fireEvent.click(screen.getByRole('button', { name: 'Ask the registry' }));
    expect(await screen.findByText('✗ It was refused.', { exact: false })).toBeTruthy();
    expect(test).toHaveBeenCalledWith(entry, 'ana/app');
  });
});
