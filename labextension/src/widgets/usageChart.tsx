/** How an environment was used over time: machines as steps, those who wait as a line above them. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { ISample } from '../api/pool';
import { parseTime } from '../components/format';
import { useTrans } from '../components/trans';
import { Chart, type DrawChart } from './chart';
import { LuminoHost } from './luminoHost';
import type { IRenderers } from './renderers';

export function UsageChart(props: {
  history: readonly ISample[];
  minutes: number;
  renderers: Pick<IRenderers, 'rendermime' | 'themeChanged'>;
}): JSX.Element {
  const trans = useTrans();
  const { history, minutes } = props;
  const { rendermime, themeChanged } = props.renderers;
  const chart = useRef<Chart | null>(null);
  const [created, setCreated] = useState(0);
  const create = useCallback(() => {
    chart.current = new Chart(rendermime, trans.__('Save the chart'), themeChanged);
    setCreated(count => count + 1);
    return chart.current;
  }, [rendermime, trans, themeChanged]);
  useEffect(() => {
    if (chart.current && !chart.current.isDisposed) {
      chart.current.draw(usageChart(trans, history, minutes, Date.now()));
    }
  }, [history, minutes, trans, created]);
  return <LuminoHost create={create} />;
}

/** The least that is shown. */
const LEAST = 60_000;
const STATES = ['busy', 'idle', 'starting'] as const;

export function usageChart(
  trans: TranslationBundle,
  history: readonly ISample[],
  minutes: number,
  now: number
): DrawChart {
  const names = { busy: trans.__('busy'), idle: trans.__('idle'), starting: trans.__('starting') };
  const waiting = trans.__('waiting');
  const first = history.length ? parseTime(history[0].time).getTime() : now;
  // no more of the past than is known
  const begin = Math.max(now - minutes * 60_000, Math.min(first, now - LEAST));
  // each sample holds until the next, the last one until now, the first one from where the chart begins
  const samples = history.map(sample => ({ ...sample, at: Math.max(begin, parseTime(sample.time).getTime()) }));
  const held = samples.length ? [...samples, { ...samples[samples.length - 1], at: now }] : [];
  const machines = held.flatMap(sample =>
    STATES.map((state, order) => ({ time: sample.at, count: sample[state], state: names[state], order }))
  );
  const line = held.map(sample => ({ time: sample.at, count: sample.waiting, state: waiting }));
  const x = { field: 'time', type: 'temporal', title: null, scale: { domain: [begin, now] } };
  const y = { field: 'count', type: 'quantitative', title: null, axis: { values: wholeNumbers(held), format: 'd' } };
  return color => {
    const domain = [names.busy, names.idle, names.starting, waiting];
    const range = ['--jp-info-color1', '--jp-success-color2', '--jp-border-color1', '--jp-warn-color1'].map(color);
    const colors = {
      field: 'state',
      type: 'nominal',
      title: null,
      scale: { domain, range },
      legend: { orient: 'bottom' }
    };
    return {
      layer: [
        {
          data: { values: machines },
          mark: { type: 'area', interpolate: 'step-after', tooltip: true },
          encoding: { x, y: { ...y, stack: 'zero' }, color: colors, order: { field: 'order' } }
        },
        {
          data: { values: line },
          mark: { type: 'line', interpolate: 'step-after', strokeDash: [4, 2], tooltip: true },
          encoding: { x, y, color: colors }
        }
      ]
    };
  };
}

/** From 0 to the most there was, at most six or so: Vega would divide a small range into halves. */
function wholeNumbers(samples: readonly ISample[]): number[] {
  const most = Math.max(
    1,
    ...samples.map(({ busy, idle, starting, waiting }) => Math.max(busy + idle + starting, waiting))
  );
  const step = Math.ceil(most / 5);
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => index * step);
}
