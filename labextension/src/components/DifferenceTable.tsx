/** Facts of two executions that differ, by group. */
import { Fragment } from 'react';
import type { FactGroup, IDifferentFact, IDifferentFile } from '../api/compareTypes';
import type { Value } from '../api/types';
import { formatBytes, formatCost, formatDuration, formatValue } from './format';
import { useTrans } from './trans';

/** Numbers whose names say what they are. */
const BYTES = /(_|^)bytes$/;
/** Long texts, such as checksums, are shown to so many letters, and whole on hover. */
const SHOWN = 80;

export function DifferenceTable(props: { left: string; right: string; facts: readonly IDifferentFact[] }): JSX.Element {
  const trans = useTrans();
  const { left, right, facts } = props;
  const titles: Record<FactGroup, string> = {
    parameters: trans.__('Parameters'),
    inputs: trans.__('Inputs'),
    environment: trans.__('Environment'),
    code: trans.__('Code'),
    result: trans.__('Result'),
    metadata: trans.__('Metadata')
  };
  const groups = (Object.keys(titles) as FactGroup[]).filter(group => facts.some(fact => fact.group === group));
  return (
    <table className="valo-Table valo-Differences">
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{left}</th>
          <th scope="col">{right}</th>
        </tr>
      </thead>
      <tbody>
        {groups.map(group => (
          <Fragment key={group}>
            <tr>
              <th colSpan={3} scope="rowgroup" className="valo-Differences-group">
                {titles[group]}
              </th>
            </tr>
            {facts
              .filter(fact => fact.group === group)
              .map(({ name, left, right }) => (
                <tr key={name}>
                  <th scope="row">{name.replace(/(_|^)bytes$/, '').replace(/_/g, ' ')}</th>
                  <Shown name={name} value={left} />
                  <Shown name={name} value={right} />
                </tr>
              ))}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}

function Shown({ name, value }: { name: string; value: Value }): JSX.Element {
  const trans = useTrans();
  if (value === null) {
    return <td className="valo-Quiet">{trans.__('none')}</td>;
  }
  const text =
    typeof value !== 'number'
      ? formatValue(value)
      : name === 'duration'
        ? formatDuration(trans, value)
        : name === 'cost'
          ? formatCost(value)
          : BYTES.test(name)
            ? formatBytes(value)
            : formatValue(value);
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return <td title={short === text ? undefined : text}>{short}</td>;
}

/** Files of the code that differ. */
export function DifferentFiles({ files }: { files: readonly IDifferentFile[] }): JSX.Element {
  const trans = useTrans();
  const words = {
    changed: trans.__('changed'),
    added: trans.__('only right'),
    removed: trans.__('only left')
  };
  return (
    <details className="valo-Facts">
      <summary>{trans._n('%1 file of the code differs', '%1 files of the code differ', files.length)}</summary>
      <ul className="valo-List">
        {files.map(({ path, status }) => (
          <li key={path}>
            {path} <span className="valo-Quiet">{words[status]}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
