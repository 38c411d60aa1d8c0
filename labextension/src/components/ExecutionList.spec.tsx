import { act, fireEvent, render, screen, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { ValoError } from '../api/errors';
import { anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionList, type IExecutionListProps } from './ExecutionList';

function show(changes: Partial<IExecutionListProps> = {}): IExecutionListProps {
  const props: IExecutionListProps = {
    executions: [],
    loaded: true,
    error: null,
    filters: { search: '', chips: [], hasNotebook: true, onChange: vi.fn() },
    count: changes.executions?.length ?? 0,
    actions: {
      open: vi.fn(),
      stop: vi.fn(),
      menu: vi.fn(),
      stopAll: vi.fn(),
      rerunAll: vi.fn(),
      rerunForm: vi.fn(),
      tagAll: vi.fn(),
      removeAll: vi.fn(),
      compare: vi.fn()
    },
    onNeed: vi.fn(),
    onRetry: vi.fn(),
    ...changes
  };
  render(<ExecutionList {...props} />);
  return props;
}

describe('the list of executions', () => {
  it('says the state in words, opens on a click, offers to stop what runs', () => {
    const running = anExecution('x2', { status: 'started', progress: { cell: 1, code: 1, of: 4, fraction: 0 } });
    const done = anExecution('x1', { status: 'complete', duration: 3, tags: ['prod'] });
    const { actions } = show({ executions: [running, done] });
    const [first, second] = screen.getAllByRole('listitem');
    fireEvent.click(within(first).getByRole('button', { name: '#2 quickstart: cell 1 of 4' }));
    expect(actions.open).toHaveBeenCalledWith(running);
    fireEvent.click(within(first).getByRole('button', { name: 'Stop #2' }));
    expect(actions.stop).toHaveBeenCalledWith(running);
    expect(within(second).queryByRole('button', { name: /Stop/ })).toBeNull();
    expect(within(second).getByText('prod')).toBeTruthy();
  });

  it('names the metric beside its value', () => {
    show({ executions: [anExecution('x1', { metric: { name: 'accuracy', value: 0.97561, values: [0.5, 0.97561] } })] });
    const row = screen.getByRole('listitem');
    expect(within(row).getByText('accuracy')).toBeTruthy();
    expect(within(row).getByText('0.9756')).toBeTruthy();
  });

  it('holds few rows of a long list', () => {
    show({ executions: Array.from({ length: 10_000 }, (_, n) => anExecution(`x${n}`)) });
    expect(screen.getAllByRole('listitem').length).toBeLessThan(60);
  });

  it('teaches the first step when there is nothing', () => {
    show();
    expect(screen.getByText(/press Run remotely/)).toBeTruthy();
  });

  it('is busy before the first answer', () => {
    show({ loaded: false });
    expect(screen.getByText('Loading executions…')).toBeTruthy();
  });

  it('offers the way back from a filter that matches nothing', () => {
    const { filters } = show({ filters: { search: 'zzz', chips: ['done'], hasNotebook: false, onChange: vi.fn() } });
    fireEvent.click(screen.getByRole('button', { name: 'Show all' }));
    expect(filters.onChange).toHaveBeenCalledWith('', []);
  });

  it('says why nothing can be shown, and tries again', () => {
    const { onRetry } = show({ error: new ValoError('server_unreachable', 'The server does not answer.') });
    expect(within(screen.getByRole('alert')).getByText('The server does not answer.')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(onRetry).toHaveBeenCalled();
  });

  it('filters by chips at once and by text after a pause', async () => {
    const { filters } = show({ executions: [anExecution('x1')] });
    fireEvent.click(screen.getByRole('button', { name: 'Failed' }));
    expect(filters.onChange).toHaveBeenCalledWith('', ['failed']);
    fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'forest' } });
    expect(filters.onChange).toHaveBeenCalledTimes(1);
    await until(() => expect(filters.onChange).toHaveBeenLastCalledWith('forest', []));
  });

  it('asks for rows that are looked at and not there yet', () => {
    const { onNeed } = show({ executions: [anExecution('x1')], count: 5 });
    expect(onNeed).toHaveBeenLastCalledWith(5);
    expect(screen.getAllByRole('listitem', { name: 'Loading…' })).toHaveLength(4);
  });

  it('selects one by one and from one to another, and offers what fits the selection', () => {
    const executions = ['x4', 'x3', 'x2', 'x1'].map(id => anExecution(id, { status: 'complete' }));
    const { actions } = show({ executions });
    fireEvent.click(screen.getByRole('checkbox', { name: 'Select #4' }));
    const bar = screen.getByRole('toolbar', { name: 'Selected executions' });
    expect(within(bar).queryByRole('button', { name: 'Compare' })).toBeNull();
    fireEvent.click(within(bar).getByRole('button', { name: 'With changes…' }));
    expect(actions.rerunForm).toHaveBeenCalledWith(executions[0]);
    fireEvent.click(screen.getByRole('button', { name: '#3 quickstart: done' }), { ctrlKey: true });
    expect(actions.open).not.toHaveBeenCalled();
    fireEvent.click(within(bar).getByRole('button', { name: 'Compare' }));
    expect(actions.compare).toHaveBeenCalledWith(executions[1], executions[0]);
    fireEvent.click(screen.getByRole('button', { name: '#1 quickstart: done' }), { shiftKey: true });
    expect(within(bar).getByText('4 selected', { exact: false })).toBeTruthy();
    fireEvent.click(within(bar).getByRole('button', { name: 'Delete…' }));
    expect(actions.removeAll).toHaveBeenCalledWith(executions);
    expect(within(bar).queryByRole('button', { name: 'Stop' })).toBeNull();
    fireEvent.click(within(bar).getByRole('button', { name: 'Select none' }));
    expect(screen.queryByRole('toolbar')).toBeNull();
  });

  it('is walked with the arrows, one row reachable by Tab', () => {
    const executions = ['x3', 'x2', 'x1'].map(id => anExecution(id, { status: 'complete' }));
    const { actions } = show({ executions });
    const row = (n: number) => screen.getByRole('button', { name: `#${n} quickstart: done` });
    expect([3, 2, 1].map(n => row(n).tabIndex)).toEqual([0, -1, -1]);
    act(() => row(3).focus());
    fireEvent.keyDown(row(3), { key: 'ArrowDown' });
    expect(document.activeElement).toBe(row(2));
    fireEvent.keyDown(row(2), { key: ' ' });
    fireEvent.keyDown(row(2), { key: 'ArrowDown', shiftKey: true });
    fireEvent.keyDown(row(1), { key: 'Delete' });
    expect(actions.removeAll).toHaveBeenCalledWith(executions.slice(1));
    fireEvent.keyDown(row(1), { key: 'Escape' });
    expect(screen.queryByRole('toolbar')).toBeNull();
    fireEvent.contextMenu(row(1), { button: 2, clientX: 5, clientY: 6 });
    expect(actions.menu).toHaveBeenLastCalledWith(executions[2], row(1), { x: 5, y: 6 });
  });
});
