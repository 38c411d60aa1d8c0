/** Everything known about one execution, in groups: where, which code, with what, and how long it took. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ENDED, type IExecutionDetail, type IResources } from '../api/types';
import { pricePerSecond } from './cellFacts';
import { CellTable, type ICellRow } from './CellTable';
import { CodeFacts } from './CodeFacts';
import { EngineIcon } from './EngineIcon';
import { ErrorBox } from './ErrorBox';
import { Facts } from './Facts';
import { formatBytes, formatCost, formatDuration, formatTime, formatValue } from './format';
import { placeWords } from './MachineTable';
import { statusWord } from './state';
import { TagEditor } from './TagEditor';
import { useTrans } from './trans';

export function DetailsView(props: {
  execution: IExecutionDetail;
  codeUrl: string;
  cells: readonly ICellRow[];
  onTags: (tags: string[]) => void;
  /** Shows a code cell of the executed notebook, by its number. */
  onShowCell: (code: number) => void;
  /** Leads to the failing cell in the notebook that it was made of. */
  onGoToCell?: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { execution, codeUrl, cells, onTags, onShowCell, onGoToCell } = props;
  const { error, machine, capture, seconds } = execution;
  return (
    <div className="valo-Details">
      {error?.ename || error?.traceback ? (
        <ErrorBox
          error={error}
          onShowCell={execution.notebook ? onShowCell : undefined}
          onGoToCell={execution.notebook ? onGoToCell : undefined}
        />
      ) : (
        execution.status_detail &&
        ENDED.has(execution.status) &&
        execution.status !== 'complete' && (
          <section className="valo-Facts valo-Error" role="alert">
            <h3>{statusWord(trans, execution.status)}</h3>
            <p>{execution.status_detail}</p>
          </section>
        )
      )}
      <div className="valo-Details-groups">
        <Facts
          title={trans.__('Execution')}
          facts={[
            execution.notebook ? [trans.__('Notebook'), execution.notebook.path] : [trans.__('Step'), execution.step],
            [trans.__('Project'), execution.project.name],
            [trans.__('Started by'), execution.creator.username],
            [trans.__('Submitted'), formatTime(execution.ctime)],
            [trans.__('Started'), execution.started && formatTime(execution.started)],
            [trans.__('Ended'), execution.ended && formatTime(execution.ended)],
            [trans.__('Cost'), execution.cost !== null && execution.cost > 0 && formatCost(execution.cost)]
          ]}
        />
        <Facts
          title={trans.__('Parameters')}
          facts={Object.entries(execution.parameters).map(([name, value]) => [
            name,
            <code key={name}>{formatValue(value)}</code>
          ])}
        />
        <Facts
          title={trans.__('Inputs')}
          facts={execution.inputs.map(input => [
            input.name,
            <ul className="valo-List" key={input.name}>
              {(input.files.length ? input.files : input.urls.map(uri => ({ name: uri, uri }))).map(file => (
                <li key={file.uri ?? file.name} title={file.uri}>
                  {file.name}
                  {'size' in file && file.size !== undefined && <> · {formatBytes(file.size)}</>}
                  {'warning' in file && file.warning && <em className="valo-Warning"> {file.warning}</em>}
                </li>
              ))}
            </ul>
          ])}
        />
        <CodeFacts execution={execution} codeUrl={codeUrl} />
        <Facts
          title={trans.__('Where it ran')}
          facts={[
            [trans.__('Environment'), execution.environment.name],
            [
              trans.__('Image'),
              execution.image && (
                <span key="image">
                  {execution.image}
                  {execution.image_digest && (
                    <code title={execution.image_digest}>
                      {' '}
                      {execution.image_digest.replace(/^.*@(sha256:.{12}).*/, '$1')}
                    </code>
                  )}
                </span>
              )
            ],
            [trans.__('Asked for'), resourceWords(trans, execution.resources ?? {})],
            [trans.__('Machine'), machine?.hostname],
            [trans.__('Engine'), machine?.kind && <EngineIcon key="engine" engine={machine.kind} named />],
            [trans.__('Place'), machine && placeWords(trans, machine)],
            [trans.__('Containers'), machine?.containers?.engine],
            [
              trans.__('Processor'),
              machine?.cpu_model && trans.__('%1, %2 cores', machine.cpu_model, machine.cpu_count ?? '?')
            ],
            [trans.__('Memory'), machine?.memory_bytes && formatBytes(machine.memory_bytes)],
            [trans.__('GPU'), machine?.gpus?.join(', ')],
            [trans.__('System'), machine?.os],
            [trans.__('Python'), capture?.python],
            [
              trans.__('Kernel'),
              capture?.kernel && (capture.warm ? trans.__('%1, already warm', capture.kernel) : capture.kernel)
            ],
            [trans.__('Time'), seconds && parts(seconds, value => formatDuration(trans, value))]
          ]}
        >
          {capture?.packages && Object.keys(capture.packages).length > 0 && (
            <details>
              <summary>{trans.__('%1 packages', Object.keys(capture.packages).length)}</summary>
              <ul className="valo-List valo-Packages">
                {Object.entries(capture.packages)
                  .sort(([a], [b]) => a.localeCompare(b))
                  .map(([name, version]) => (
                    <li key={name}>{`${name}==${version}`}</li>
                  ))}
              </ul>
            </details>
          )}
        </Facts>
        <Facts
          title={trans.__('Environment variables')}
          facts={Object.entries(execution.environment_variables).map(([name, { value, secret }]) => [
            name,
            <code key={name}>{secret ? trans.__('secret') : value}</code>
          ])}
        />
        {(execution.attempts.length > 1 || execution.attempts.some(isLost)) && (
          <Facts
            title={trans.__('Attempts')}
            facts={execution.attempts.map(attempt => [
              trans.__('Attempt %1', attempt.number),
              <span key={attempt.number} data-attempt={attempt.status}>
                {[attemptWord(trans, attempt.status), attempt.machine?.hostname].filter(Boolean).join(' · ')}
                {attempt.started && <span className="valo-Quiet"> · {formatTime(attempt.started)}</span>}
                {attempt.reason && <span className="valo-Attempt-reason">{attempt.reason}</span>}
              </span>
            ])}
          />
        )}
      </div>
      {cells.length > 0 && (
        <CellTable cells={cells} ended={ENDED.has(execution.status)} price={pricePerSecond(execution)} />
      )}
      <section className="valo-Facts">
        <h3>{trans.__('Tags')}</h3>
        <TagEditor tags={execution.tags} onChange={onTags} />
      </section>
    </div>
  );
}

function parts(seconds: Record<string, number>, format: (value: number) => string): string {
  return Object.entries(seconds)
    .filter(([name, value]) => name !== 'total' && value > 0)
    .map(([name, value]) => `${name} ${format(value)}`)
    .join(' · ');
}

function isLost({ status }: { status: string }): boolean {
  return status === 'lost' || status === 'unplaced';
}

function attemptWord(trans: TranslationBundle, status: string): string {
  const words: Record<string, string> = {
    running: trans.__('running'),
    complete: trans.__('done'),
    error: trans.__('failed'),
    stopped: trans.__('stopped'),
    crashed: trans.__('crashed'),
    lost: trans.__('machine lost'),
    unplaced: trans.__('not started')
  };
  return words[status] ?? status;
}

/** `2 cores · 4 GB · 1 GPU` */
function resourceWords(trans: TranslationBundle, resources: IResources): string {
  const { cpu, memory_bytes: memory, shm_bytes: shared, pids, gpus } = resources;
  return [
    cpu && trans._n('%1 core', '%1 cores', cpu),
    memory && formatBytes(memory),
    shared && trans.__('%1 shared memory', formatBytes(shared)),
    pids && trans._n('%1 process', '%1 processes', pids),
    gpus && (gpus < 0 ? trans.__('all GPUs') : trans._n('%1 GPU', '%1 GPUs', gpus))
  ]
    .filter(Boolean)
    .join(' · ');
}
