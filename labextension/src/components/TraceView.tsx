/** Where an execution's files come from and go to: inputs and commit, the execution, its outputs. */
import type { IExecutionDetail } from '../api/types';
import { formatBytes } from './format';
import { Mark } from './Mark';
import { useTrans } from './trans';

const ROW = 34;

interface INode {
  key: string;
  label: string;
  hint: string;
  kind: 'input' | 'commit' | 'output';
}

export function TraceView(props: { execution: IExecutionDetail; onOutputs: () => void }): JSX.Element {
  const trans = useTrans();
  const { execution } = props;
  const before: INode[] = [
    ...execution.inputs.flatMap(input =>
      (input.files.length ? input.files : input.urls.map(uri => ({ name: uri.split('/').pop() || uri, uri }))).map(
        (file, index): INode => ({
          key: `${input.name}-${index}`,
          label: file.name,
          hint: `${input.name}: ${file.uri ?? file.name}`,
          kind: 'input'
        })
      )
    ),
    {
      key: 'commit',
      label: execution.commit.identifier.slice(0, 10),
      hint: execution.commit.adhoc
        ? trans.__('adhoc commit %1', execution.commit.identifier)
        : execution.commit.identifier,
      kind: 'commit'
    }
  ];
  const after: INode[] = execution.outputs.map(file => ({
    key: file.id,
    label: file.name,
    hint: `${file.name} · ${formatBytes(file.size)}`,
    kind: 'output'
  }));
  const rows = Math.max(before.length, after.length, 1);
  const middle = (rows * ROW) / 2;
  return (
    <div className="valo-Trace" style={{ minHeight: rows * ROW }}>
      <Column title={trans.__('Comes from')} nodes={before} rows={rows} />
      <Lines nodes={before.length} rows={rows} middle={middle} side="before" />
      <div className="valo-Trace-middle" style={{ height: rows * ROW }}>
        <Mark execution={execution} />
        <span>{execution.title}</span>
      </div>
      <Lines nodes={after.length} rows={rows} middle={middle} side="after" />
      <Column title={trans.__('Made')} nodes={after} rows={rows} onClick={props.onOutputs} />
    </div>
  );
}

/** The vertical place of the n-th of `count` nodes among `rows` rows. */
function place(index: number, count: number, rows: number): number {
  return ((rows - count) / 2 + index + 0.5) * ROW;
}

function Column(props: { title: string; nodes: readonly INode[]; rows: number; onClick?: () => void }): JSX.Element {
  const { title, nodes, rows, onClick } = props;
  return (
    <ul className="valo-Trace-column" aria-label={title} style={{ height: rows * ROW }}>
      {nodes.map((node, index) => (
        <li
          key={node.key}
          style={{ top: place(index, nodes.length, rows) - ROW / 2 + 4, height: ROW - 8 }}
          data-kind={node.kind}
          title={node.hint}
        >
          {onClick ? (
            <button type="button" onClick={onClick}>
              {node.label}
            </button>
          ) : (
            <span>{node.label}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Lines(props: { nodes: number; rows: number; middle: number; side: 'before' | 'after' }): JSX.Element {
  const { nodes, rows, middle, side } = props;
  return (
    <svg
      className="valo-Trace-lines"
      viewBox={`0 0 100 ${rows * ROW}`}
      preserveAspectRatio="none"
      style={{ height: rows * ROW }}
      aria-hidden="true"
    >
      {Array.from({ length: nodes }, (_, index) => {
        const y = place(index, nodes, rows);
        const [from, to] = side === 'before' ? [y, middle] : [middle, y];
        return <path key={index} d={`M0 ${from}C50 ${from} 50 ${to} 100 ${to}`} vectorEffect="non-scaling-stroke" />;
      })}
    </svg>
  );
}
