/** One item of the status bar: executions under way, or that the server does not answer. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { useModel } from '../components/hooks';
import type { IValo } from '../tokens';

export class StatusItem extends ReactWidget {
  constructor(
    private _valo: IValo,
    private _trans: TranslationBundle,
    private _onClick: () => void
  ) {
    super();
    this.addClass('valo-Status');
  }

  render(): JSX.Element {
    return (
      <UseSignal signal={this._valo.feed.changed}>
        {() => <Words valo={this._valo} trans={this._trans} onClick={this._onClick} />}
      </UseSignal>
    );
  }
}

function Words(props: { valo: IValo; trans: TranslationBundle; onClick: () => void }): JSX.Element {
  const { valo, trans, onClick } = props;
  useModel(valo.server);
  const { unfinished } = valo.feed;
  const words =
    valo.server.error || valo.server.status?.state === 'unreachable'
      ? trans.__('Valo: not connected')
      : unfinished
        ? trans.__('Valo: %1 under way', unfinished)
        : trans.__('Valo: idle');
  return (
    <button type="button" onClick={onClick} title={trans.__('Show executions')}>
      {words}
    </button>
  );
}
