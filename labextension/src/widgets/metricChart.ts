/** The lines of metrics. */
import type { ISeries } from '../model/metadata';
import type { DrawChart } from './chart';

/** More points than this show nothing more on a screen. */
const MOST = 2_000;

export function metricChart(series: readonly ISeries[], xTitle: string): DrawChart {
  const values = series.flatMap(({ name, values: all }) =>
    thinned(all).map(({ index, value }) => ({ x: index, y: value, name }))
  );
  return () => ({
    data: { values },
    mark: { type: 'line', point: values.length < 200, tooltip: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: xTitle, axis: { tickMinStep: 1 } },
      y: { field: 'y', type: 'quantitative', title: null, scale: { zero: false } },
      color: { field: 'name', type: 'nominal', title: null, legend: { orient: 'bottom' } }
    }
  });
}

function thinned<T>(values: readonly T[]): readonly T[] {
  const every = Math.ceil(values.length / MOST);
  return every <= 1 ? values : values.filter((_, index) => index % every === 0 || index === values.length - 1);
}
