import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { describe, expect, it } from 'vitest';
import { until } from '../testing/until';
import { Chart, VEGA_LITE } from './chart';
import { metricChart } from './metricChart';

/** Remembers what it is to draw. */
class Drawing extends Widget implements IRenderMime.IRenderer {
  static drawn = '';

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    Drawing.drawn = JSON.stringify(model.data[VEGA_LITE]);
  }
}

describe('the chart', () => {
  it('is drawn again in the colours of another theme, until it is gone', async () => {
    const rendermime = new RenderMimeRegistry();
    rendermime.addFactory({ safe: true, mimeTypes: [VEGA_LITE], createRenderer: () => new Drawing() });
    const themeChanged = new Signal<object, void>({});
    const chart = new Chart(rendermime, 'Save', themeChanged);
    Widget.attach(chart, document.body);
    chart.node.style.setProperty('--jp-ui-font-color1', 'rgb(1, 2, 3)');
    chart.draw(metricChart([{ name: 'loss', values: [{ index: 1, value: 2 }] }], 'step'));
    await until(() => expect(Drawing.drawn).toContain('rgb(1, 2, 3)'));

    chart.node.style.setProperty('--jp-ui-font-color1', 'rgb(4, 5, 6)');
    themeChanged.emit();
    await until(() => expect(Drawing.drawn).toContain('rgb(4, 5, 6)'));
    expect(Drawing.drawn).toContain('loss');

    chart.dispose();
    expect(() => themeChanged.emit()).not.toThrow();
  });
});
