/** Says what failed, whole, with the next step as a button. */
import { Notification, showErrorMessage } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { asError } from '../api/errors';

/** Lab cuts the text of a notification here. */
const SHOWN = 140;

export function announceFailure(trans: TranslationBundle, reason: unknown, retry?: () => void): void {
  const { message } = asError(reason);
  const actions: Notification.IAction[] = [];
  if (message.length > SHOWN) {
    actions.push({
      label: trans.__('Read all'),
      callback: event => {
        // the notification stays for its other button
        event.preventDefault();
        void showErrorMessage(trans.__('Valo'), message);
      }
    });
  }
  if (retry) {
    actions.push({ label: trans.__('Try again'), callback: retry });
  }
  Notification.error(message, { autoClose: false, actions });
}
