/** The Metadata tab. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useModel } from '../components/hooks';
import { Message } from '../components/Message';
import { MetadataView } from '../components/MetadataView';
import { useTrans } from '../components/trans';
import { latest, series, stepName } from '../model/metadata';
import { Chart } from './chart';
import type { ITabProps } from './detail';
import { LuminoHost } from './luminoHost';
import { metricChart } from './metricChart';

export default function MetadataTab(props: ITabProps): JSX.Element {
  const trans = useTrans();
  const { metadata } = props.model;
  const { rendermime, themeChanged } = props.renderers;
  useModel(metadata);
  const { points } = metadata;
  const x = useMemo(() => stepName(points), [points]);
  const all = useMemo(() => series(points, x), [points, x]);
  const [chosen, setChosen] = useState<string[] | null>(null);
  const drawable = all.map(({ name }) => name);
  const drawn = chosen ?? sameScale(all.map(one => [one.name, one.values[one.values.length - 1].value]));

  const chart = useRef<Chart | null>(null);
  const [created, setCreated] = useState(0);
  const create = useCallback(() => {
    chart.current = new Chart(rendermime, trans.__('Save the chart'), themeChanged);
    setCreated(count => count + 1);
    return chart.current;
  }, [rendermime, trans, themeChanged]);
  const names = drawn.join('\n');
  useEffect(() => {
    if (chart.current && !chart.current.isDisposed) {
      chart.current.draw(
        metricChart(
          all.filter(({ name }) => names.split('\n').includes(name)),
          x ?? trans.__('point')
        )
      );
    }
  }, [all, names, x, trans, created]);

  if (points.length === 0) {
    if (metadata.error) {
      return <Message kind="error" title={trans.__('The metadata cannot be shown')} text={metadata.error.message} />;
    }
    return metadata.loaded ? (
      <Message
        title={trans.__('No metadata')}
        text={trans.__(
          'Print a JSON object in a cell, as in print(json.dumps({"accuracy": 0.9})), and it appears here.'
        )}
      />
    ) : (
      <Message kind="busy" title={trans.__('Loading the metadata…')} />
    );
  }
  return (
    <MetadataView
      values={latest(points)}
      drawable={drawable}
      drawn={drawn}
      onDraw={setChosen}
      chart={<LuminoHost create={create} />}
    />
  );
}

/** The names whose values can share an axis with the first one, so that no line is flattened to the ground. */
export function sameScale(values: readonly [string, number][]): string[] {
  const first = Math.abs(values[0]?.[1] ?? 0) || 1;
  return values
    .filter(([, value]) => Math.abs(value) <= first * 20 && Math.abs(value) >= first / 200)
    .map(([name]) => name);
}
