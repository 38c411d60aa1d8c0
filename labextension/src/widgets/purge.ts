/** Asks before the content of files is removed, and again when an execution needs it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { DataAPI } from '../api/data';
import type { IDatum } from '../api/dataTypes';
import { asError } from '../api/errors';
import { confirmed } from './confirmDelete';

/** Whether they were purged. */
export async function askPurge(trans: TranslationBundle, api: DataAPI, files: readonly IDatum[]): Promise<boolean> {
  const [{ name }] = files;
  const what = files.length === 1 ? name : trans._n('%1 file', '%1 files', files.length);
  const question = trans.__('Purge %1?', what);
  const kept = trans.__('The content is removed for good. The record, its tags and its trace remain.');
  const adopted = files.filter(file => file.origin === 'adopted');
  // others may read the object without Valo
  const body = adopted.length
    ? `${kept} ${trans.__('This removes the object itself from the store: %1', adopted.map(file => file.uri).join(', '))}`
    : kept;
  if (!(await confirmed(trans, question, body, trans.__('Purge %1', what)))) {
    return false;
  }
  for (const datum of files) {
    try {
      await api.purge(datum.id, false);
    } catch (reason) {
      const error = asError(reason);
      if (error.status !== 409) {
        throw reason;
      }
      if (await confirmed(trans, question, error.message, trans.__('Purge %1 nevertheless', datum.name))) {
        await api.purge(datum.id, true);
      }
    }
  }
  return true;
}
