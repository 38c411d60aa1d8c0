/** Tags of several executions: what all or some of them have, added to and taken from all of them. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IExecution } from '../api/types';

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
  // what only some have is added to the others; what was typed last holds
  const { added, tags } = body;
  return { added, removed: before.filter(tag => !tags.includes(tag) && !added.includes(tag)) };
}

/** Enter belongs to the dialog: what was typed by then is added. */
class Tags extends ReactWidget {
  constructor(
    private _trans: TranslationBundle,
    public tags: string[]
  ) {
    super();
  }

  get added(): string[] {
    return this._text
      .split(',')
      .map(tag => tag.trim())
      .filter(Boolean);
  }

  render(): JSX.Element {
    const trans = this._trans;
    const remove = (tag: string) => {
      this.tags = this.tags.filter(other => other !== tag);
      this.update();
    };
    return (
      <div className="valo-TagDialog">
        {this.tags.length > 0 && (
          <span className="valo-Tags">
            {this.tags.map(tag => (
              <span className="valo-Tag" key={tag}>
                {tag}
                <button type="button" aria-label={trans.__('Remove tag %1', tag)} onClick={() => remove(tag)}>
                  ×
                </button>
              </span>
            ))}
          </span>
        )}
        <input
          className="jp-mod-styled"
          aria-label={trans.__('Add tags')}
          placeholder={trans.__('tags to add, separated by commas')}
          onChange={event => {
            this._text = event.target.value;
          }}
        />
      </div>
    );
  }

  private _text = '';
}
