/** A line chart of metrics, drawn by Lab's own Vega-Lite renderer in the theme's colours. */
import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';
import type { ISeries } from '../model/metadata';

export const VEGA_LITE = 'application/vnd.vegalite.v5+json';
/** More points than this show nothing more on a screen. */
const MOST = 2_000;
/** Room for what Lab puts around a chart. */
const MARGIN = 48;

export class Chart extends Widget {
  constructor(
    private _rendermime: IRenderMimeRegistry,
    private _menuLabel: string,
    themeChanged: ISignal<unknown, unknown> | null
  ) {
    super();
    // the colours are part of the drawing
    themeChanged?.connect(() => void this._redraw.invoke(), this);
    this.addClass('valo-Chart');
    this.layout = new PanelLayout();
  }

  draw(series: readonly ISeries[], xTitle: string): void {
    this._wanted = { series, xTitle };
    void this._redraw.invoke();
  }

  protected onResize(): void {
    // Vega's own way to fill its container finds no width in Lab's inline block
    if (this.node.clientWidth !== this._width) {
      void this._redraw.invoke();
    }
  }

  dispose(): void {
    this._redraw.dispose();
    super.dispose();
  }

  private async _render(): Promise<void> {
    if (this.isDisposed || !this._wanted) {
      return;
    }
    const { series, xTitle } = this._wanted;
    this._width = this.node.clientWidth;
    const renderer: IRenderMime.IRenderer = this._rendermime.createRenderer(VEGA_LITE);
    const spec = specOf(series, xTitle, this.node.clientWidth - MARGIN, getComputedStyle(this.node));
    // the specification is ours; the numbers in it are only numbers
    await renderer.renderModel(
      new MimeModel({
        trusted: true,
        data: { [VEGA_LITE]: spec },
        // an image can be saved; the editor of another site would be sent the numbers
        metadata: {
          [VEGA_LITE]: { embed_options: { actions: { export: true, source: false, compiled: false, editor: false } } }
        }
      })
    );
    renderer.node.querySelector('summary')?.setAttribute('aria-label', this._menuLabel);
    if (this.isDisposed) {
      renderer.dispose();
      return;
    }
    const layout = this.layout as PanelLayout;
    layout.widgets.slice().forEach(widget => widget.dispose());
    layout.addWidget(renderer);
  }

  private _redraw = new Throttler(() => this._render(), { limit: 700, edge: 'trailing' });
  private _wanted: { series: readonly ISeries[]; xTitle: string } | null = null;
  private _width = 0;
}

type Spec = Record<string, string | number | boolean | null | object>;

function specOf(series: readonly ISeries[], xTitle: string, width: number, style: CSSStyleDeclaration) {
  const ink = style.getPropertyValue('--jp-ui-font-color1').trim() || 'black';
  const grid = style.getPropertyValue('--jp-border-color2').trim() || 'lightgray';
  const values = series.flatMap(({ name, values: all }) =>
    thinned(all).map(({ index, value }) => ({ x: index, y: value, name }))
  );
  const spec: Spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    data: { values },
    width: Math.max(120, width),
    height: 220,
    autosize: { type: 'fit', contains: 'padding' },
    background: 'transparent',
    mark: { type: 'line', point: values.length < 200, tooltip: true },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: xTitle, axis: { tickMinStep: 1 } },
      y: { field: 'y', type: 'quantitative', title: null, scale: { zero: false } },
      color: { field: 'name', type: 'nominal', title: null, legend: { orient: 'bottom' } }
    },
    config: {
      view: { stroke: 'transparent' },
      axis: { labelColor: ink, titleColor: ink, gridColor: grid, domainColor: grid, tickColor: grid },
      legend: { labelColor: ink }
    }
  };
  return spec as Record<string, string>;
}

function thinned<T>(values: readonly T[]): readonly T[] {
  const every = Math.ceil(values.length / MOST);
  return every <= 1 ? values : values.filter((_, index) => index % every === 0 || index === values.length - 1);
}
