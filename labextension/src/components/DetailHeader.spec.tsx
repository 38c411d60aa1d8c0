import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { IExecution } from '../api/types';
import { anExecution } from '../testing/server';
import { DetailHeader } from './DetailHeader';

function show(execution: IExecution, namesProject = false): void {
  const actions = { stop: () => Promise.resolve(), rerun: () => Promise.resolve(), compare: null };
  render(<DetailHeader execution={execution} actions={actions} namesProject={namesProject} />);
}

describe('the head of a page', () => {
  it('says whole what keeps an execution from its start', () => {
    const reason = 'no machine can be had: the quota of the region is used up';
    show(anExecution('x1', { queue_position: 1, status_detail: `in line: ${reason}` }));
    expect(document.querySelector('.valo-Header-obstacle')?.textContent).toBe(reason);
    expect(screen.getByText('in line, place 1')).toBeTruthy();
  });

  it('says only the place of one that waits for its turn', () => {
    show(anExecution('x1', { queue_position: 2, status_detail: 'in line' }));
    expect(screen.getByText('in line, place 2')).toBeTruthy();
    expect(document.querySelector('.valo-Header-obstacle')).toBeNull();
  });

  it('names the project where that is not clear', () => {
    show(anExecution('x1'));
    expect(screen.queryByText('digits')).toBeNull();
    show(anExecution('x2'), true);
    expect(screen.getByText('digits')).toBeTruthy();
  });
});
