import { Graph, layout } from '@dagrejs/dagre';
import { describe, expect, it } from 'vitest';
import type { ITrace } from '../api/dataTypes';
import { inOrder, neighbour, pictureOf } from './trace';

const trace: ITrace = {
  nodes: [
    { id: 'a', type: 'datum', name: 'a.csv' },
    { id: 'b', type: 'datum', name: 'b.csv' },
    { id: 'x', type: 'execution', name: 'train', counter: 1, status: 'complete' },
    { id: 'm', type: 'datum', name: 'model' }
  ],
  edges: [
    { from: 'a', to: 'x', type: 'input' },
    { from: 'a', to: 'x', type: 'input', name: 'again' },
    { from: 'b', to: 'x', type: 'input' },
    { from: 'x', to: 'm', type: 'output' },
    { from: 'm', to: 'elsewhere', type: 'input' }
  ]
};

describe('the picture of a trace', () => {
  const picture = pictureOf(trace, { Graph, layout });
  const x = (id: string) => picture.nodes.find(({ node }) => node.id === id)?.x ?? NaN;

  it('goes from left to right, with one line between two nodes', () => {
    expect(x('a')).toBe(x('b'));
    expect(x('a')).toBeLessThan(x('x'));
    expect(x('x')).toBeLessThan(x('m'));
    expect(picture.edges).toHaveLength(3);
  });

  it('is walked by arrow keys', () => {
    expect(neighbour(picture, 'x', 'ArrowRight')).toBe('m');
    expect(['a', 'b']).toContain(neighbour(picture, 'x', 'ArrowLeft'));
    expect([neighbour(picture, 'a', 'ArrowDown'), neighbour(picture, 'a', 'ArrowUp')]).toContain('b');
    expect(neighbour(picture, 'm', 'ArrowRight')).toBeNull();
  });
});

describe('the list of a trace', () => {
  it('has each after what leads to it, and what it leads to once', () => {
    const found = inOrder(trace).map(({ node, next }) => [node.id, next.map(({ id }) => id).join()]);
    expect(found).toEqual([
      ['a', 'x'],
      ['b', 'x'],
      ['x', 'm'],
      ['m', '']
    ]);
  });

  it('has all of them, should lines ever go in a circle', () => {
    const edges = [...trace.edges, { from: 'm', to: 'a', type: 'input' }];
    expect(inOrder({ ...trace, edges })).toHaveLength(4);
  });
});
