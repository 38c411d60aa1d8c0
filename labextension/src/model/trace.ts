/** Where a file or an execution comes from and goes to, and where each node of that stands in a picture. */
import type { Graph } from '@dagrejs/dagre';
import type { DataAPI } from '../api/data';
import type { ITrace, ITraced, ITraceNode } from '../api/dataTypes';
import { asError, isAborted, type ValoError } from '../api/errors';
import { Model } from './model';

export type Direction = 'both' | 'back' | 'forth';

export class TraceModel extends Model {
  constructor(
    private _api: DataAPI,
    readonly of: ITraced
  ) {
    super();
  }

  get trace(): ITrace | null {
    return this._trace;
  }

  get error(): ValoError | null {
    return this._error;
  }

  get loading(): boolean {
    return this._loading;
  }

  get depth(): number {
    return this._depth;
  }

  set depth(depth: number) {
    this._depth = depth;
    void this.refresh();
  }

  get direction(): Direction {
    return this._direction;
  }

  set direction(direction: Direction) {
    this._direction = direction;
    void this.refresh();
  }

  async refresh(): Promise<void> {
    this._abort.abort();
    const { signal } = (this._abort = new AbortController());
    this._loading = true;
    this.changed();
    try {
      const { depth, direction } = this;
      this._trace = await this._api.trace(this.of, { depth, direction }, signal);
      this._error = null;
    } catch (reason) {
      if (signal.aborted || isAborted(reason)) {
        return;
      }
      this._error = asError(reason);
    }
    this._loading = false;
    this.changed();
  }

  dispose(): void {
    this._abort.abort();
    super.dispose();
  }

  private _abort = new AbortController();
  private _depth = 3;
  private _direction: Direction = 'both';
  private _error: ValoError | null = null;
  private _loading = false;
  private _trace: ITrace | null = null;
}

export interface IPlaced {
  node: ITraceNode;
  /** Its middle. */
  x: number;
  y: number;
}

export interface IPicture {
  nodes: IPlaced[];
  /** Lines as points, from node to node. */
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
  width: number;
  height: number;
}

export const NODE = { width: 168, height: 30 };
const GAP = { nodesep: 10, ranksep: 56, marginx: 12, marginy: 12 };

/** From left to right. Dagre is handed in: its code is loaded when a trace is first looked at. */
export function pictureOf(
  { nodes, edges }: ITrace,
  dagre: { Graph: typeof Graph; layout: (graph: Graph) => unknown }
): IPicture {
  const graph = new dagre.Graph();
  graph.setGraph({ rankdir: 'LR', ranker: 'longest-path', ...GAP });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach(({ id }) => graph.setNode(id, { ...NODE }));
  const known = new Set(nodes.map(({ id }) => id));
  const lines = edges.filter(({ from, to }) => known.has(from) && known.has(to));
  lines.forEach(({ from, to }) => graph.setEdge(from, to));
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    nodes: nodes.map(node => {
      const { x, y } = graph.node(node.id) as { x: number; y: number };
      return { node, x, y };
    }),
    // two lines between the same nodes are one in the picture
    edges: graph.edges().map(({ v, w }) => ({
      from: v,
      to: w,
      points: (graph.edge(v, w) as { points: { x: number; y: number }[] }).points
    })),
    width,
    height
  };
}

/** From the first to the last: each node after all that lead to it. */
export function inOrder({ nodes, edges }: ITrace): { node: ITraceNode; next: ITraceNode[] }[] {
  const known = new Map(nodes.map(node => [node.id, node]));
  const next = new Map(nodes.map(({ id }) => [id, new Set<string>()]));
  for (const { from, to } of edges) {
    if (known.has(to)) {
      next.get(from)?.add(to);
    }
  }
  const open = new Map(nodes.map(({ id }) => [id, 0]));
  next.forEach(ids => ids.forEach(id => open.set(id, (open.get(id) ?? 0) + 1)));
  const found = nodes.filter(({ id }) => open.get(id) === 0).map(({ id }) => id);
  for (const id of found) {
    next.get(id)?.forEach(to => {
      open.set(to, (open.get(to) ?? 0) - 1);
      if (open.get(to) === 0) {
        found.push(to);
      }
    });
  }
  // nothing is made from itself; should lines ever go in a circle, what is in it comes last
  const all = new Set([...found, ...known.keys()]);
  const nodesOf = (ids: Iterable<string>) => [...ids].flatMap(id => known.get(id) ?? []);
  return nodesOf(all).map(node => ({ node, next: nodesOf(next.get(node.id) ?? []) }));
}

/** The node that an arrow key leads to: along a line, or to the neighbour above or below. */
export function neighbour(picture: IPicture, id: string, key: string): string | null {
  const here = picture.nodes.find(({ node }) => node.id === id);
  if (!here) {
    return null;
  }
  const place = new Map(picture.nodes.map(placed => [placed.node.id, placed]));
  const nearest = (candidates: (IPlaced | undefined)[], far: (placed: IPlaced) => number) =>
    candidates.filter((placed): placed is IPlaced => placed !== undefined).sort((a, b) => far(a) - far(b))[0]?.node
      .id ?? null;
  switch (key) {
    case 'ArrowLeft':
      return nearest(
        picture.edges.filter(({ to }) => to === id).map(({ from }) => place.get(from)),
        placed => Math.abs(placed.y - here.y)
      );
    case 'ArrowRight':
      return nearest(
        picture.edges.filter(({ from }) => from === id).map(({ to }) => place.get(to)),
        placed => Math.abs(placed.y - here.y)
      );
    case 'ArrowUp':
    case 'ArrowDown': {
      const sign = key === 'ArrowUp' ? -1 : 1;
      return nearest(
        picture.nodes.filter(({ x, y }) => Math.abs(x - here.x) < NODE.width / 2 && sign * (y - here.y) > 0),
        placed => Math.abs(placed.y - here.y)
      );
    }
    default:
      return null;
  }
}
