/** What stands in a notebook's toolbar: the button, and the marks of its last executions. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { useModel } from '../components/hooks';
import { Mark } from '../components/Mark';
import { RunButton } from '../components/RunButton';
import { TransContext } from '../components/trans';
import type { IExecution } from '../api/types';
import type { NotebookMarks } from '../model/marks';

export interface IRunActions {
  run: () => void;
  options: () => void;
  open: (execution: IExecution) => void;
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
    return <RunButton progress={this.marks.progress} shortcut={shortcut} onRun={run} onOptions={options} />;
  }
}

export class LastMarksWidget extends MarksWidget {
  protected content(): JSX.Element {
    const { executions } = this.marks;
    return (
      <span className="valo-Marks" role="group" aria-label={this.trans.__('Last executions of this notebook')}>
        {executions.map((execution, index) => (
          <Mark key={execution.id} execution={execution} onOpen={this.actions.open} words={index === 0} />
        ))}
      </span>
    );
  }
}
