/** What differs between two executions, as the server tells it (`docs/developer/interface.md`). */
import type { INotebookContent } from '@jupyterlab/nbformat';
import type { IExecution, Value } from './types';

export type FactGroup = 'parameters' | 'inputs' | 'environment' | 'code' | 'result' | 'metadata';

export interface IDifferentFact {
  group: FactGroup;
  name: string;
  /** Null: that execution has none. */
  left: Value;
  right: Value;
}

export interface IDifferentFile {
  path: string;
  status: 'changed' | 'added' | 'removed';
}

export interface IExecutionDiff {
  left: IExecution;
  right: IExecution;
  facts: IDifferentFact[];
  /** The operations are nbdime's; null where one of them is no notebook, or where `problems` says why. */
  notebooks: { left: INotebookContent; right: INotebookContent; diff: unknown[] } | null;
  files: IDifferentFile[];
  same: boolean;
  /** Sentences: what could not be compared, and why. */
  problems: string[];
}
