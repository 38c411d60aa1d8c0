import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { IExecutionDetail } from '../api/types';
import { anExecution } from '../testing/server';
import { DetailsView } from './DetailsView';

function show(changes: Partial<IExecutionDetail> = {}): ReturnType<typeof vi.fn> {
  const onTags = vi.fn();
  const execution: IExecutionDetail = {
    ...anExecution('x1', { status: 'complete', tags: ['prod'] }),
    attempts: [],
    outputs: [],
    capture: null,
    left_out: [],
    cumulative_metadata: {},
    ...changes
  };
  render(
    <DetailsView execution={execution} codeUrl="/code.zip" cells={[]} onTags={onTags} onShowCell={() => undefined} />
  );
  return onTags;
}

describe('the details of an execution', () => {
  it('shows no group or fact without anything in it', () => {
    show();
    expect(screen.queryByText('Parameters')).toBeNull();
    expect(screen.queryByText('GPU')).toBeNull();
    expect(screen.queryByText('Cost')).toBeNull();
  });

  it('says which code ran, what it differs in from HEAD and what was left out', () => {
    show({
      git: {
        head: '0123456789abcdef',
        branch: 'main',
        remote: null,
        dirty: [
          { path: 'lib.py', status: 'M' },
          { path: 'new.py', status: '?' }
        ],
        patch: 'diff --git a/lib.py b/lib.py\n-a = 1\n+a = 2\n'
      },
      left_out: [{ path: 'big.bin', rule: 'over 100 MB (file size limit)', size: 230_000_000 }]
    });
    expect(screen.getByText('adhoc')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Download code' }).getAttribute('href')).toBe('/code.zip');
    expect(screen.getByText('2 files differ from HEAD')).toBeTruthy();
    expect(screen.getByText('new, not in git')).toBeTruthy();
    expect(document.querySelector('.valo-Patch [data-kind=added]')?.textContent).toBe('+a = 2\n');
    expect(screen.getByText('230 MB · over 100 MB (file size limit)')).toBeTruthy();
  });

  it('shows no value of a secret', () => {
    show({ environment_variables: { TOKEN: { value: null, secret: true }, MODE: { value: 'fast', secret: false } } });
    expect(screen.getByText('secret')).toBeTruthy();
    expect(screen.getByText('fast')).toBeTruthy();
  });

  it('adds and removes tags', () => {
    const onTags = show();
    const field = screen.getByRole('textbox', { name: 'Add a tag' });
    fireEvent.change(field, { target: { value: ' best ' } });
    fireEvent.keyDown(field, { key: 'Enter' });
    expect(onTags).toHaveBeenLastCalledWith(['prod', 'best']);
    fireEvent.click(screen.getByRole('button', { name: 'Remove tag prod' }));
    expect(onTags).toHaveBeenLastCalledWith([]);
  });

  it('tells why an execution failed before anything else', () => {
    show({ status: 'error', error: { code_cell: 7, ename: 'ValueError', evalue: 'bad', traceback: '…' } });
    expect(screen.getByRole('alert').textContent).toBe('Failed in cell 7ValueError: bad');
  });

  it('tells why the machine or the user ended it', () => {
    show({ status: 'crashed', status_detail: 'machine lost (attempt 2 of 2)' });
    expect(screen.getByRole('alert').textContent).toBe('crashedmachine lost (attempt 2 of 2)');
  });
});
