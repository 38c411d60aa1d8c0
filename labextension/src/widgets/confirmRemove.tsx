/** Asks before executions are deleted, by their names. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ENDED, type IExecution } from '../api/types';

const SHOWN = 8;

export async function askRemove(trans: TranslationBundle, executions: readonly IExecution[]): Promise<boolean> {
  const names = executions.map(({ counter, title }) => `#${counter} ${title}`);
  const one = names.length === 1;
  const running = executions.some(({ status }) => !ENDED.has(status));
  const title = one ? trans.__('Delete %1?', names[0]) : trans.__('Delete %1 executions?', names.length);
  const { button } = await showDialog({
    title,
    body: (
      <div className="valo-Confirm">
        {!one && (
          <ul>
            {names.slice(0, SHOWN).map(name => (
              <li key={name}>{name}</li>
            ))}
            {names.length > SHOWN && <li>{trans.__('and %1 more', names.length - SHOWN)}</li>}
          </ul>
        )}
        <p>{trans.__('Log, metadata and the executed notebook are deleted. Output files stay in the project.')}</p>
        {running && <p>{trans.__('What waits or runs is kept; stop it first.')}</p>}
      </div>
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: one ? trans.__('Delete #%1', executions[0].counter) : trans.__('Delete') })
    ],
    defaultButton: 0
  });
  return button.accept;
}
