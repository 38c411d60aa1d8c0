/** What an execution's state is called; the colour and icon of a mark only repeat it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ENDED, type IExecution, type Status } from '../api/types';
import { formatDuration, parseTime } from './format';

/** `started`: the word of the state alone, for filters and screen readers. */
export function statusWord(trans: TranslationBundle, status: Status): string {
  switch (status) {
    case 'created':
      return trans.__('waiting for quota');
    case 'queued':
      return trans.__('in line');
    case 'started':
      return trans.__('running');
    case 'stopping':
      return trans.__('stopping');
    case 'complete':
      return trans.__('done');
    case 'error':
      return trans.__('failed');
    case 'crashed':
      return trans.__('crashed');
    case 'stopped':
      return trans.__('stopped');
  }
}

/** One short sentence on where the execution stands: `cell 4 of 20`, `failed in cell 7: ValueError`. */
export function stateSentence(trans: TranslationBundle, execution: IExecution): string {
  const { status, progress, error } = execution;
  if (status === 'created' || status === 'queued') {
    const place = placeSentence(trans, execution);
    const reason = reasonOf(execution);
    return reason ? trans.__('%1: %2', place, reason) : place;
  }
  if (status === 'started') {
    if (progress && progress.of > 0) {
      return trans.__('cell %1 of %2', progress.code, progress.of);
    }
    return execution.status_detail || trans.__('starting');
  }
  if (status === 'stopping') {
    return statusWord(trans, status);
  }
  if (status === 'complete' && execution.duration !== null) {
    return trans.__('done in %1', formatDuration(trans, execution.duration));
  }
  if (status === 'error' && error?.ename) {
    return error.code_cell
      ? trans.__('failed in cell %1: %2', error.code_cell, error.ename)
      : trans.__('failed: %1', error.ename);
  }
  return execution.status_detail || statusWord(trans, status);
}

/** `in line, place 3` */
export function placeSentence(trans: TranslationBundle, { status, queue_position: position }: IExecution): string {
  const word = statusWord(trans, status);
  return position ? trans.__('%1, place %2', word, position) : word;
}

/** Why it waits, as the server says, without the word that its state has already; null when nothing is said. */
export function reasonOf({ status, status_detail: detail }: IExecution): string | null {
  if ((status !== 'created' && status !== 'queued') || !detail) {
    return null;
  }
  return detail.replace(/^(in line|over the quota)(?: \(\w+\))?(?:: )?/, '') || null;
}

/** Seconds it ran, or has been running for at `now`; null before its start. */
export function elapsed(execution: IExecution, now: number): number | null {
  if (ENDED.has(execution.status)) {
    return execution.duration;
  }
  return execution.started ? Math.max(0, (now - parseTime(execution.started).getTime()) / 1000) : null;
}

/** How much is done, 0 to 1; null when that cannot be said. */
export function fraction(execution: IExecution): number | null {
  if (ENDED.has(execution.status)) {
    return 1;
  }
  return execution.status === 'started' ? (execution.progress?.fraction ?? null) : null;
}
