/** A test of an engine: its steps as they happen, with what failed. */
import type { ValoError } from '../api/errors';
import type { ITrialStep, TrialStatus } from '../api/pool';
import type { IMachine } from '../api/types';
import { formatDuration } from './format';
import { Hardware } from './MachineTable';
import { useTrans } from './trans';

export function TrialView(props: {
  status: TrialStatus;
  steps: readonly ITrialStep[];
  hardware: IMachine | null;
  error: ValoError | null;
  onClose: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { status, steps, hardware, error, onClose } = props;
  const names: Record<string, string> = {
    start: trans.__('Start a machine'),
    reach: trans.__('Reach it'),
    version: trans.__('Version of the runtime'),
    run: trans.__('Run on it'),
    image: trans.__('Run an image'),
    close: trans.__('Close it')
  };
  const title = {
    wanted: trans.__('Test: waiting for the engine…'),
    running: trans.__('Test: running…'),
    passed: trans.__('Test passed'),
    failed: trans.__('Test failed')
  }[status];
  const ended = status === 'passed' || status === 'failed';
  return (
    <section className="valo-Trial" data-trial={status} aria-label={trans.__('Test of the engine')}>
      <div className="valo-Trial-head">
        {!ended && <span className="valo-Spinner" aria-hidden="true" />}
        <strong role="status">{title}</strong>
        {ended && hardware && <Hardware hardware={hardware} />}
        {ended && (
          <button type="button" className="valo-Chip" onClick={onClose}>
            {trans.__('Close')}
          </button>
        )}
      </div>
      <ol aria-live="polite">
        {steps.map(step => (
          <li key={step.name} data-ok={step.ok}>
            <span className="valo-Trial-sign" aria-hidden="true">
              {step.ok ? '✓' : '✗'}
            </span>
            <span>
              {names[step.name] ?? step.name}
              <span className="valo-Quiet">
                {' '}
                {step.ok ? trans.__('ok') : trans.__('failed')}
                {step.seconds !== null && ` · ${formatDuration(trans, step.seconds)}`}
              </span>
              {step.message && <span className="valo-Trial-message">{step.message}</span>}
            </span>
          </li>
        ))}
      </ol>
      {error && (
        <p className="valo-Setting-error" role="alert">
          {error.message}
        </p>
      )}
    </section>
  );
}
