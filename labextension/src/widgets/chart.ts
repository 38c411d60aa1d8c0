/** A chart, drawn by Lab's own Vega-Lite renderer in the theme's colours. */
import { MimeModel, type IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Throttler } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

export const VEGA_LITE = 'application/vnd.vegalite.v5+json';
/** Room for what Lab puts around a chart. */
const MARGIN = 48;

export type Spec = Record<string, string | number | boolean | null | object>;

/** The data, marks and axes of a chart; `color` gives the value of one of the theme's variables. */
export type DrawChart = (color: (variable: string) => string) => Spec;

export class Chart extends Widget {
  constructor(
    private _rendermime: IRenderMimeRegistry,
    private _menuLabel: string,
    themeChanged: ISignal<unknown, unknown> | null
  ) {
    super();
    // the colours are part of the drawing
    themeChanged?.connect(() => void (this.isDisposed || this._redraw.invoke()), this);
    this.addClass('valo-Chart');
    this.layout = new PanelLayout();
  }

  draw(wanted: DrawChart): void {
    this._wanted = wanted;
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
    const style = getComputedStyle(this.node);
    const color = (variable: string) => style.getPropertyValue(variable).trim() || 'gray';
    this._width = this.node.clientWidth;
    const renderer: IRenderMime.IRenderer = this._rendermime.createRenderer(VEGA_LITE);
    const spec = framed(this._wanted(color), this.node.clientWidth - MARGIN, color);
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
  private _wanted: DrawChart | null = null;
  private _width = 0;
}

function framed(inner: Spec, width: number, color: (variable: string) => string) {
  const ink = color('--jp-ui-font-color1');
  const grid = color('--jp-border-color2');
  const spec: Spec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    width: Math.max(120, width),
    height: 220,
    autosize: { type: 'fit', contains: 'padding' },
    background: 'transparent',
    config: {
      view: { stroke: 'transparent' },
      axis: { labelColor: ink, titleColor: ink, gridColor: grid, domainColor: grid, tickColor: grid },
      legend: { labelColor: ink }
    },
    ...inner
  };
  return spec as Record<string, string>;
}
