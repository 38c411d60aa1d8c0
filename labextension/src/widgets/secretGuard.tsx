/** Points at values that look like secrets before anything is sent, and asks what to do. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IFinding } from '../api/types';
import type { GuardAnswer } from '../model/run';

/** What leads to a finding: its cell, or the field of the form. */
export interface IGuardActions {
  toCell: (index: number) => void;
  toForm: () => void;
}

export async function askSecrets(
  trans: TranslationBundle,
  findings: readonly IFinding[],
  actions: IGuardActions
): Promise<GuardAnswer> {
  const variables = findings.some(({ where }) => where === 'variable');
  const buttons = [
    Dialog.cancelButton({ label: trans.__('Cancel') }),
    Dialog.warnButton({
      label: trans.__('Run anyway'),
      caption: trans.__('Send them, and do not ask about these again on this machine'),
      actions: ['run']
    }),
    ...(variables ? [Dialog.okButton({ label: trans.__('Mark as secret variable'), actions: ['variable'] })] : [])
  ];
  const dialog = new Dialog<unknown>({
    title: trans.__('These look like secrets'),
    body: ReactWidget.create(
      <Findings
        trans={trans}
        findings={findings}
        actions={{
          toCell: index => {
            dialog.reject();
            actions.toCell(index);
          },
          toForm: () => {
            dialog.reject();
            actions.toForm();
          }
        }}
      />
    ),
    buttons,
    // sending is not what a hasty Enter does
    defaultButton: variables ? 2 : 0
  });
  const { button } = await dialog.launch();
  const [action] = button.actions;
  return button.accept && (action === 'run' || action === 'variable') ? action : null;
}

function Findings(props: {
  trans: TranslationBundle;
  findings: readonly IFinding[];
  actions: IGuardActions;
}): JSX.Element {
  const { trans, findings, actions } = props;
  const place = ({ where, name, cell, line }: IFinding): string => {
    switch (where) {
      case 'cell':
        return trans.__('cell %1, line %2', (cell ?? 0) + 1, line ?? 1);
      case 'output':
        return trans.__('output of cell %1', (cell ?? 0) + 1);
      case 'parameter':
        return trans.__('parameter %1', name ?? '');
      case 'variable':
        return trans.__('environment variable %1', name ?? '');
      case 'file':
        return line === null ? (name ?? '') : trans.__('%1, line %2', name ?? '', line);
    }
  };
  return (
    <div className="valo-Confirm valo-Guard">
      <p>{trans.__('Nothing has been sent. Whoever sees the project would see these values:')}</p>
      <table>
        <tbody>
          {findings.map(finding => {
            const { id, kind, shown, cell, where } = finding;
            return (
              <tr key={id}>
                <th scope="row">
                  {kind}
                  <span className="valo-Quiet"> {place(finding)}</span>
                </th>
                <td>
                  <code>{shown}</code>
                </td>
                <td>
                  {where === 'cell' && cell !== null && (
                    <button type="button" className="valo-Chip" onClick={() => actions.toCell(cell)}>
                      {trans.__('Go to cell')}
                    </button>
                  )}
                  {(where === 'parameter' || where === 'variable') && (
                    <button type="button" className="valo-Chip" onClick={actions.toForm}>
                      {trans.__('Change…')}
                    </button>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
