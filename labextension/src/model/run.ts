/** Submitting notebooks: at most one submission of a notebook at a time, its progress observable. */
import { Signal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';
import { asError } from '../api/errors';
import type { IExecution, IRunProgress, IRunRequest, ISnapshotQuestion } from '../api/types';
import type { ExecutionFeed } from './feed';

/** What the user chose when the folder is large or personal; null: nothing is sent. */
export type SnapshotAnswer = 'notebook' | 'folder' | null;

export interface IRunOptions extends IRunRequest {
  /** Saves the notebook; false when the user cancelled. */
  save: () => Promise<boolean>;
  confirm: (question: ISnapshotQuestion) => Promise<SnapshotAnswer>;
}

export class Runs {
  constructor(
    private _api: ValoAPI,
    private _feed: ExecutionFeed
  ) {}

  /** The submission of this path began, moved on, or ended. */
  readonly changed = new Signal<this, string>(this);

  /** Where the submission of `path` stands; null when there is none. */
  progress(path: string): IRunProgress | null {
    return this._progress.get(path) ?? null;
  }

  /** Save, snapshot and submit. Null: cancelled, or the notebook is already on its way. */
  async run(options: IRunOptions): Promise<IExecution | null> {
    const { save, confirm, ...body } = options;
    if (this._progress.has(body.path)) {
      return null;
    }
    this._set(body.path, { stage: 'save' });
    try {
      if (!(await save())) {
        return null;
      }
      return await this._submit(body, confirm);
    } finally {
      this._set(body.path, null);
    }
  }

  private async _submit(body: IRunRequest, confirm: IRunOptions['confirm']): Promise<IExecution | null> {
    const accept = new Set(body.accept);
    for (;;) {
      try {
        this._set(body.path, { stage: 'submit' });
        const { execution } = await this._api.run({ ...body, accept: [...accept] }, progress =>
          this._set(body.path, progress)
        );
        this._feed.push(execution);
        return execution;
      } catch (reason) {
        const error = asError(reason);
        const question = error.details as unknown as ISnapshotQuestion;
        // the same question twice would ask for ever
        if (error.code !== 'confirm_snapshot' || accept.has(question.reason)) {
          throw error;
        }
        const answer = await confirm(question);
        if (answer === null) {
          return null;
        }
        body = { ...body, include: answer };
        accept.add(question.reason);
      }
    }
  }

  private _set(path: string, progress: IRunProgress | null): void {
    if (progress) {
      this._progress.set(path, progress);
    } else {
      this._progress.delete(path);
    }
    this.changed.emit(path);
  }

  private _progress = new Map<string, IRunProgress>();
}
