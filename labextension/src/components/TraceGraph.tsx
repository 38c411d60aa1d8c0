/** Where things come from and go to, as a picture from left to right; by arrow keys from node to node. */
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { ITrace, ITraceNode } from '../api/dataTypes';
import { inOrder, neighbour, NODE, type IPicture } from '../model/trace';
import { formatBytes } from './format';
import { statusWord } from './state';
import { useTrans } from './trans';

export interface ITraceViewProps {
  /** Id of what is traced. */
  of: string;
  onOpen: (node: ITraceNode) => void;
}

export function TraceGraph(props: ITraceViewProps & { picture: IPicture }): JSX.Element {
  const trans = useTrans();
  const { picture, of, onOpen } = props;
  const [current, setCurrent] = useState(of);
  const scroller = useRef<HTMLDivElement>(null);
  const words = useNodeWords();
  const node = (id: string) => scroller.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
  // what is traced stands in the middle
  useEffect(() => {
    const box = scroller.current;
    const placed = picture.nodes.find(known => known.node.id === of);
    if (box && placed) {
      box.scrollLeft = placed.x - box.clientWidth / 2;
      box.scrollTop = placed.y - box.clientHeight / 2;
    }
  }, [picture, of]);
  const handleKey = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).dataset.id;
    const next = id && neighbour(picture, id, event.key);
    if (next) {
      event.preventDefault();
      setCurrent(next);
      node(next)?.focus();
    }
  };
  // the one that Tab reaches is always there
  const reached = picture.nodes.some(known => known.node.id === current) ? current : of;
  return (
    // arrows go from node to node; each node is a button
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      className="valo-TraceGraph"
      ref={scroller}
      role="group"
      aria-label={trans.__('Trace; arrow keys lead along its lines')}
      onKeyDown={handleKey}
    >
      <div className="valo-TraceGraph-all" style={{ width: picture.width, height: picture.height }}>
        <svg width={picture.width} height={picture.height} aria-hidden="true">
          {picture.edges.map(({ from, to, points }) => (
            <path
              key={`${from} ${to}`}
              d={curve(points)}
              data-near={from === reached || to === reached || undefined}
              markerEnd="url(#valo-trace-arrow)"
            />
          ))}
          <defs>
            <marker
              id="valo-trace-arrow"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="7"
              markerHeight="7"
              orient="auto"
            >
              <path d="M0 0 8 4 0 8z" />
            </marker>
          </defs>
        </svg>
        {picture.nodes.map(({ node: known, x, y }) => (
          <button
            type="button"
            key={known.id}
            className="valo-TraceNode"
            data-id={known.id}
            data-type={known.type}
            data-status={known.status}
            data-of={known.id === of || undefined}
            aria-current={known.id === of || undefined}
            tabIndex={known.id === reached ? 0 : -1}
            style={{ left: x - NODE.width / 2, top: y - NODE.height / 2, width: NODE.width, height: NODE.height }}
            title={words(known)}
            aria-label={words(known)}
            aria-disabled={!leads(known) || undefined}
            onFocus={() => setCurrent(known.id)}
            onClick={() => leads(known) && onOpen(known)}
          >
            <NodeIcon type={known.type} />
            <span>{nodeLabel(known)}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

/** The same, one node a line with what it leads to: for screen readers, and who likes lists. */
export function TraceList(props: ITraceViewProps & { trace: ITrace }): JSX.Element {
  const trans = useTrans();
  const { trace, of, onOpen } = props;
  const words = useNodeWords();
  const lines = useMemo(() => inOrder(trace), [trace]);
  return (
    <ol className="valo-TraceList valo-List" aria-label={trans.__('Trace')}>
      {lines.map(({ node, next }) => (
        <li key={node.id} data-type={node.type} aria-current={node.id === of || undefined}>
          <NodeIcon type={node.type} />
          {leads(node) ? (
            <button type="button" className="valo-Link" onClick={() => onOpen(node)}>
              {words(node)}
            </button>
          ) : (
            words(node)
          )}
          {next.length > 0 && (
            <span className="valo-Quiet">
              {' '}
              {trans.__('leads to %1', next.slice(0, 6).map(nodeLabel).join(', '))}
              {next.length > 6 && trans.__(' and %1 more', next.length - 6)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

/** Whether it has a page of its own; a commit has none yet. */
function leads({ type }: ITraceNode): boolean {
  return type !== 'commit';
}

function nodeLabel(node: ITraceNode): string {
  return node.type === 'execution'
    ? `#${node.counter} ${node.name}`
    : node.type === 'commit'
      ? node.name.slice(0, 10)
      : node.name;
}

/** `model.pkl, file, 1.2 MB` */
function useNodeWords(): (node: ITraceNode) => string {
  const trans = useTrans();
  return node => {
    switch (node.type) {
      case 'execution':
        return trans.__(
          '%1, execution: %2',
          nodeLabel(node),
          node.status ? statusWord(trans, node.status) : trans.__('unknown')
        );
      case 'commit':
        return trans.__('%1, commit', node.name);
      case 'dataset':
        return trans.__('%1, dataset version', node.name);
      case 'datum':
        return node.purged
          ? trans.__('%1, file, purged', node.name)
          : trans.__('%1, file, %2', node.name, formatBytes(node.size ?? 0));
    }
  };
}

const ICONS = {
  datum: 'M4 2h5l3 3v9H4zM9 2v3h3',
  execution: 'M5 3.5v9l7-4.5z',
  commit: 'M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 1.5v4M8 10.5v4',
  dataset:
    'M3 5c0-1.1 2.2-2 5-2s5 .9 5 2-2.2 2-5 2-5-.9-5-2zM3 5v6c0 1.1 2.2 2 5 2s5-.9 5-2V5M3 8c0 1.1 2.2 2 5 2s5-.9 5-2'
};

function NodeIcon(props: { type: ITraceNode['type'] }): JSX.Element {
  return (
    <svg className="valo-TraceNode-icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={ICONS[props.type]} />
    </svg>
  );
}

/** Through the points that the layout gives, bent at each of them. */
function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) {
    return '';
  }
  let d = `M${first.x} ${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    d += `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    before = point;
  }
  return d;
}
