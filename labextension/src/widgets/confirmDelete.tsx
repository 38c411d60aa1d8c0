/** Asks before an environment is deleted, and again when executions wait or run there. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { asError } from '../api/errors';
import type { EnvironmentModel } from '../model/environment';

/** Whether it was deleted. */
export async function askDelete(trans: TranslationBundle, model: EnvironmentModel): Promise<boolean> {
  const name = model.environment?.name ?? '';
  const question = trans.__('Delete the environment %1?', name);
  const body = trans.__('Its machines are closed. Executions that ran there keep its name.');
  if (!(await confirmed(trans, question, body, trans.__('Delete %1', name)))) {
    return false;
  }
  try {
    await model.remove(false);
    return true;
  } catch (reason) {
    const error = asError(reason);
    if (error.code !== 'in_use') {
      throw reason;
    }
    if (!(await confirmed(trans, question, error.message, trans.__('Stop them and delete %1', name)))) {
      return false;
    }
    await model.remove(true);
    return true;
  }
}

export async function confirmed(
  trans: TranslationBundle,
  title: string,
  body: string,
  label: string
): Promise<boolean> {
  const { button } = await showDialog({
    title,
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.warnButton({ label })],
    defaultButton: 0
  });
  return button.accept;
}
