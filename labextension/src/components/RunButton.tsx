/** The button that runs the notebook remotely, and how far its submission is. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRunProgress } from '../api/types';
import type { IDraft } from '../model/draft';
import { formatBytes } from './format';
import { useTrans } from './trans';

export function RunButton(props: {
  progress: IRunProgress | null;
  /** What one click runs with; null: the notebook's own values. */
  choices?: IDraft | null;
  shortcut: string;
  onRun: () => void;
  onOptions: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { progress, choices, shortcut } = props;
  const words = progress ? progressWords(trans, progress) : trans.__('Run remotely');
  return (
    <span className="valo-Run" role="group" aria-label={trans.__('Run remotely')}>
      <button
        type="button"
        className="valo-Run-button"
        disabled={progress !== null}
        onClick={props.onRun}
        data-choices={choices ? '' : undefined}
        title={
          progress
            ? words
            : [
                choices
                  ? trans.__('Save this notebook and run it remotely as last time: %1', choiceWords(trans, choices))
                  : trans.__('Save this notebook and run it remotely'),
                shortcut
              ].join(' ')
        }
      >
        {progress ? (
          <span className="valo-Spinner" aria-hidden="true" />
        ) : (
          <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
            <path d="M4 2.5v11l9-5.5z" />
          </svg>
        )}
        <span className="valo-Run-words" aria-live="polite">
          {words}
        </span>
      </button>
      <button
        type="button"
        className="valo-Run-options"
        aria-haspopup="dialog"
        aria-label={trans.__('Run remotely with options')}
        title={trans.__('Parameters, tags and environment')}
        disabled={progress !== null}
        onClick={props.onOptions}
      >
        <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
          <path d="M3 6l5 5 5-5z" />
        </svg>
      </button>
    </span>
  );
}

/** `lr = 0.5, on gpu, tagged prod` */
function choiceWords(trans: TranslationBundle, draft: IDraft): string {
  const { environment, parameters, inputs, variables, tags, title, image } = draft;
  return [
    ...Object.entries(parameters).map(([name, text]) => `${name} = ${text}`),
    ...Object.keys(inputs).map(name => trans.__('input %1', name)),
    ...variables.filter(({ name }) => name).map(({ name, value, secret }) => (secret ? name : `${name} = ${value}`)),
    environment && trans.__('on %1', environment),
    image && trans.__('in %1', image),
    tags && trans.__('tagged %1', tags),
    title && trans.__('titled %1', title)
  ]
    .filter(Boolean)
    .join(', ');
}

/** `sending 214 files, 12 MB`. */
export function progressWords(trans: TranslationBundle, progress: IRunProgress): string {
  const { stage, files, bytes, total_files: totalFiles, total_bytes: totalBytes } = progress;
  const words =
    {
      save: trans.__('Saving…'),
      scan: trans.__('Reading the folder…'),
      store: trans.__('Storing…'),
      submit: trans.__('Submitting…')
    }[stage] ?? trans.__('Sending…');
  if (files && totalFiles) {
    return trans.__('%1 %2 of %3 files, %4', words, files, totalFiles, formatBytes(totalBytes ?? bytes ?? 0));
  }
  if (files) {
    return trans.__('%1 %2 files, %3', words, files, formatBytes(bytes ?? 0));
  }
  return words;
}
