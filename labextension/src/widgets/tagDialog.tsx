/** Tags of several executions: what all or some of them have, added to and taken from all of them. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IExecution } from '../api/types';
import { TagEditor } from '../components/TagEditor';
import { TransContext } from '../components/trans';

export interface ITagChanges {
  added: string[];
  removed: string[];
}

export async function askTags(
  trans: TranslationBundle,
  executions: readonly IExecution[]
): Promise<ITagChanges | null> {
  const before = [...new Set(executions.flatMap(({ tags }) => tags))].sort();
  const body = new Tags(trans, before);
  const { button } = await showDialog({
    title:
      executions.length === 1
        ? trans.__('Tags of #%1', executions[0].counter)
        : trans.__('Tags of %1 executions', executions.length),
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), Dialog.okButton({ label: trans.__('Save tags') })],
    focusNodeSelector: 'input'
  });
  if (!button.accept) {
    return null;
  }
  return {
    added: body.tags.filter(tag => !before.includes(tag)),
    removed: before.filter(tag => !body.tags.includes(tag))
  };
}

class Tags extends ReactWidget {
  constructor(
    private _trans: TranslationBundle,
    public tags: string[]
  ) {
    super();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this._trans}>
        <TagEditor
          tags={this.tags}
          onChange={tags => {
            this.tags = tags;
            this.update();
          }}
        />
      </TransContext.Provider>
    );
  }
}
