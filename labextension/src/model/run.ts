/** Submitting notebooks: at most one submission of a notebook at a time, its progress observable. */
import { Signal } from '@lumino/signaling';
import type { ValoAPI } from '../api/client';
import { asError, type ValoError } from '../api/errors';
import type { IExecution, IFinding, IRunProgress, IRunRequest, ISnapshotQuestion } from '../api/types';
import type { ExecutionFeed } from './feed';

/** What the user chose when the folder is large or personal; null: nothing is sent. */
export type SnapshotAnswer = 'notebook' | 'folder' | null;

/** `run`: these are no secrets; `variable`: the plain variables among them are secret ones. */
export type GuardAnswer = 'run' | 'variable' | null;

export interface IRunOptions extends IRunRequest {
  /** Saves the notebook; false when the user cancelled. */
  save: () => Promise<boolean>;
  /** Asked after the save: what the user chose last; null: something has to be chosen first. */
  choices?: () => Promise<Partial<IRunRequest> | null>;
  confirm: (question: ISnapshotQuestion) => Promise<SnapshotAnswer>;
  guard: (findings: IFinding[]) => Promise<GuardAnswer>;
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
    const { save, choices, confirm, guard, ...body } = options;
    if (this._progress.has(body.path)) {
      return null;
    }
    this._set(body.path, { stage: 'save' });
    try {
      if (!(await save())) {
        return null;
      }
      const chosen = choices ? await choices() : {};
      return chosen && (await this._submit({ ...body, ...chosen }, { confirm, guard }));
    } finally {
      this._set(body.path, null);
    }
  }

  private async _submit(body: IRunRequest, ask: Pick<IRunOptions, 'confirm' | 'guard'>): Promise<IExecution | null> {
    for (;;) {
      try {
        this._set(body.path, { stage: 'submit' });
        const { execution } = await this._api.run(body, progress => this._set(body.path, progress));
        this._feed.push(execution);
        return execution;
      } catch (reason) {
        const answered = await this._answered(body, asError(reason), ask);
        if (!answered) {
          return null;
        }
        body = answered;
      }
    }
  }

  /** The request with the user's answer to what the refusal asks; null: given up. */
  private async _answered(
    body: IRunRequest,
    error: ValoError,
    ask: Pick<IRunOptions, 'confirm' | 'guard'>
  ): Promise<IRunRequest | null> {
    if (error.code === 'confirm_snapshot') {
      const question = error.details as unknown as ISnapshotQuestion;
      const { accept = [] } = body;
      // the same question twice would ask for ever
      if (!accept.includes(question.reason)) {
        const include = await ask.confirm(question);
        return include && { ...body, include, accept: [...accept, question.reason] };
      }
    }
    if (error.code === 'secrets_found') {
      const { findings } = error.details as unknown as { findings: IFinding[] };
      const { accept_findings: accepted = [] } = body;
      const fresh = findings.filter(({ id }) => !accepted.includes(id));
      if (fresh.length > 0) {
        const answer = await ask.guard(fresh);
        if (answer === 'variable') {
          return withSecrets(body, fresh);
        }
        return answer && { ...body, accept_findings: [...accepted, ...fresh.map(({ id }) => id)] };
      }
    }
    throw error;
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

/** The plain variables that were found are sent as secret ones. */
function withSecrets(body: IRunRequest, findings: readonly IFinding[]): IRunRequest {
  const found = new Set(findings.filter(({ where }) => where === 'variable').map(({ name }) => name));
  const variables = Object.entries(body.environment_variables ?? {});
  return {
    ...body,
    environment_variables: Object.fromEntries(variables.filter(([name]) => !found.has(name))),
    secret_environment_variables: {
      ...body.secret_environment_variables,
      ...Object.fromEntries(variables.filter(([name]) => found.has(name)))
    }
  };
}
