/** Asks what to send when the notebook's folder is large or personal. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISnapshotQuestion } from '../api/types';
import { formatBytes } from '../components/format';
import type { SnapshotAnswer } from '../model/run';

export async function askSnapshot(trans: TranslationBundle, question: ISnapshotQuestion): Promise<SnapshotAnswer> {
  const answers: Exclude<SnapshotAnswer, null>[] = question.options.filter(option => option !== 'notebook');
  const labels = {
    folder: trans.__('Send the whole folder'),
    notebook: trans.__('Send the notebook alone')
  };
  const buttons = [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    ...answers.map(option => Dialog.warnButton({ label: labels[option], actions: [option] })),
    Dialog.okButton({ label: labels.notebook, actions: ['notebook'] })
  ];
  const result = await showDialog({
    title: question.reason === 'home' ? trans.__('Send this personal folder?') : trans.__('Send this large folder?'),
    body: <Question trans={trans} question={question} />,
    buttons,
    defaultButton: buttons.length - 1
  });
  const action = result.button.actions[0];
  return result.button.accept && (action === 'notebook' || action === 'folder') ? action : null;
}

function Question(props: { trans: TranslationBundle; question: ISnapshotQuestion }): JSX.Element {
  const { trans, question } = props;
  return (
    <div className="valo-Confirm">
      <p>
        {trans.__(
          'The notebook runs with a copy of its folder. %1 holds %2 files, %3.',
          question.folder,
          question.files.toLocaleString(),
          formatBytes(question.bytes)
        )}
      </p>
      {question.largest.length > 0 && (
        <table>
          <caption>{trans.__('The largest in it')}</caption>
          <tbody>
            {question.largest.slice(0, 8).map(({ path, files, bytes }) => (
              <tr key={path}>
                <th scope="row">{path}</th>
                <td>{trans.__('%1 files', files.toLocaleString())}</td>
                <td>{formatBytes(bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        {trans.__('What the notebook does not need can be named in a .vhignore file, which works like .gitignore.')}
      </p>
    </div>
  );
}
