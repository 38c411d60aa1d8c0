/** What stands in a notebook's toolbar: the button, and the marks of its last executions. */
import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { useModel } from '../components/hooks';
import { Mark, PendingMark } from '../components/Mark';
import { RunButton } from '../components/RunButton';
import { TransContext } from '../components/trans';
import type { IExecution } from '../api/types';
import type { NotebookMarks } from '../model/marks';

export interface IRunActions {
  run: () => void;
  options: () => void;
  menu: (execution: IExecution, anchor: HTMLElement) => void;
  /** Opens another notebook. */
  openNotebook: (path: string) => void;
  shortcut: string;
}

/** A toolbar item that follows the notebook's marks. */
abstract class MarksWidget extends ReactWidget {
  constructor(
    protected marks: NotebookMarks,
    protected trans: TranslationBundle,
    protected actions: IRunActions
  ) {
    super();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this.trans}>
        <Following marks={this.marks}>{() => this.content()}</Following>
      </TransContext.Provider>
    );
  }

  protected abstract content(): JSX.Element;
}

function Following(props: { marks: NotebookMarks; children: () => JSX.Element }): JSX.Element {
  useModel(props.marks);
  return props.children();
}

export class RunWidget extends MarksWidget {
  protected content(): JSX.Element {
    const { run, options, shortcut } = this.actions;
    return (
      <RunButton
        progress={this.marks.progress}
        choices={this.marks.choices}
        shortcut={shortcut}
        onRun={run}
        onOptions={options}
      />
    );
  }
}

export class LastMarksWidget extends MarksWidget {
  protected content(): JSX.Element {
    const { marks, trans, actions } = this;
    const { executions, copyOf } = marks;
    return (
      <span className="valo-Marks" role="group" aria-label={trans.__('Last executions of this notebook')}>
        {marks.progress && <PendingMark />}
        {executions.map((execution, index) => (
          <Mark
            key={execution.id}
            execution={execution}
            drift={marks.driftOf(execution)}
            onOpen={actions.menu}
            menu
            words={index === 0 && !marks.progress}
          />
        ))}
        {copyOf && (
          <button
            type="button"
            className="valo-Chip valo-Marks-copy"
            title={trans.__('It begins with the last choices of %1. Its executions stay with %1; open it.', copyOf)}
            onClick={() => actions.openNotebook(copyOf)}
          >
            {trans.__('copy of %1', PathExt.basename(copyOf))}
          </button>
        )}
      </span>
    );
  }
}
