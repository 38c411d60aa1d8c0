import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ValoError } from '../api/errors';
import type { IEnvironment } from '../api/types';
import { aMachine, anEnvironment } from '../testing/pool';
import { EnvironmentList } from './EnvironmentList';

const execution = { id: 'x12', counter: 12, project: 'p1', title: 'quickstart' };

function show(environments: IEnvironment[], changes: { loaded?: boolean; error?: ValoError } = {}) {
  const open = vi.fn();
  const machines = () => Promise.resolve([aMachine('m1', { state: 'busy', execution })]);
  const onNew = vi.fn();
  render(
    <EnvironmentList
      environments={environments}
      loaded={changes.loaded ?? true}
      error={changes.error ?? null}
      actions={{ open, machines }}
      onRetry={() => undefined}
      onNew={onNew}
    />
  );
  return { open, onNew };
}

describe('the list of environments', () => {
  it('shows machines as squares, who waits, and opens by a click', async () => {
    const environment = anEnvironment('gpu', {
      machines: { starting: 1, idle: 1, busy: 2, draining: 0 },
      queue: { created: 1, queued: 2, running: 2 }
    });
    const { open } = show([environment]);
    const squares = screen.getByRole('img', { name: 'Machines: 2 busy, 1 idle, 1 starting' });
    expect(squares.querySelectorAll('.valo-Square')).toHaveLength(4);
    expect(screen.getByText('3 waiting')).toBeTruthy();
    fireEvent.pointerEnter(squares.parentElement as Element);
    expect(await screen.findByText(/busy with #12 quickstart/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'gpu' }));
    expect(open).toHaveBeenCalledWith(environment);
  });

  it('says in the provider’s words why no machine can be had', () => {
    show([anEnvironment('gpu', { problem: 'You have exceeded your quota of vCPUs.' })]);
    expect(screen.getByRole('status').textContent).toBe('You have exceeded your quota of vCPUs.');
  });

  it('teaches the first step when there are none', () => {
    const { onNew } = show([]);
    fireEvent.click(screen.getByRole('button', { name: 'New environment' }));
    expect(onNew).toHaveBeenCalled();
  });

  it('says that it loads, and what failed', () => {
    show([], { loaded: false });
    expect(screen.getByRole('status').textContent).toBe('Loading the environments…');
    show([], { loaded: false, error: new ValoError('jupyter_unreachable', 'Nobody answers.') });
    expect(screen.getByRole('alert').textContent).toContain('Nobody answers.');
    show([anEnvironment('gpu')], { error: new ValoError('jupyter_unreachable', 'Nobody answers.') });
    expect(screen.getByText('Not up to date: Nobody answers.')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'gpu' })).toBeTruthy();
  });
});
