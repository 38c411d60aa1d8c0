import { Graph, layout } from '@dagrejs/dagre';
import { fireEvent, render, screen } from '@testing-library/react';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ITrace } from '../api/dataTypes';
import { pictureOf } from '../model/trace';
import { TraceGraph, TraceList } from './TraceGraph';

const trace: ITrace = {
  nodes: [
    { id: 'c', type: 'commit', name: '0123456789abcdef' },
    { id: 'x', type: 'execution', name: 'train', counter: 12, status: 'complete' },
    { id: 'm', type: 'datum', name: 'model.pkl', size: 1200 },
    { id: 'p', type: 'datum', name: 'gone.csv', purged: true }
  ],
  edges: [
    { from: 'c', to: 'x', type: 'commit' },
    { from: 'x', to: 'm', type: 'output' },
    { from: 'x', to: 'p', type: 'output' }
  ]
};

const onOpen = vi.fn();
const button = (name: string | RegExp) => screen.getByRole('button', { name });
beforeEach(() => onOpen.mockClear());

describe('a trace as a picture', () => {
  beforeEach(() => void render(<TraceGraph picture={pictureOf(trace, { Graph, layout })} of="x" onOpen={onOpen} />));

  it('has nodes that say what they are, and is one stop of the keyboard', () => {
    expect(screen.getAllByRole('button').map(node => node.getAttribute('aria-label'))).toEqual([
      '0123456789abcdef, commit',
      '#12 train, execution: done',
      'model.pkl, file, 1.2 kB',
      'gone.csv, file, purged'
    ]);
    expect(screen.getAllByRole('button').filter(({ tabIndex }) => tabIndex === 0)).toEqual([button(/^#12/)]);
    expect(button(/^#12/).getAttribute('aria-current')).toBe('true');
  });

  it('is walked by arrow keys, and opened by a click', () => {
    button(/^#12/).focus();
    fireEvent.keyDown(button(/^#12/), { key: 'ArrowLeft' });
    expect(document.activeElement).toBe(button(/commit$/));
    fireEvent.keyDown(button(/commit$/), { key: 'ArrowRight' });
    expect(document.activeElement).toBe(button(/^#12/));
    fireEvent.click(button(/^model/));
    expect(onOpen).toHaveBeenCalledWith(expect.objectContaining({ id: 'm' }));
  });

  it('leads nowhere from a commit, and says so', () => {
    fireEvent.click(button(/commit$/));
    expect(onOpen).not.toHaveBeenCalled();
    expect(button(/commit$/).getAttribute('aria-disabled')).toBe('true');
  });
});

describe('a trace as a list', () => {
  it('has each node with what it leads to, from the first to the last', () => {
    render(<TraceList trace={trace} of="x" onOpen={onOpen} />);
    const [first, second] = screen.getAllByRole('listitem').map(({ textContent }) => textContent);
    expect(first).toBe('0123456789abcdef, commit leads to #12 train');
    expect(second).toBe('#12 train, execution: done leads to model.pkl, gone.csv');
    fireEvent.click(button('#12 train, execution: done'));
    expect(onOpen).toHaveBeenCalledWith(expect.objectContaining({ id: 'x' }));
    expect(screen.queryByRole('button', { name: /commit/ })).toBeNull();
  });
});
