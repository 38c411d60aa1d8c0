/** What a test of a store found, step by step. */
import type { IStoreTest } from '../api/dataTypes';
import { useTrans } from './trans';

export function StoreTestView(props: {
  name: string;
  /** Null: it is under way. */
  test: IStoreTest | null;
  /** Why it could not be made. */
  problem: string | null;
  onClose: () => void;
}): JSX.Element {
  const trans = useTrans();
  const { name, test, problem, onClose } = props;
  const names: Record<string, string> = {
    installed: trans.__('Its package'),
    auth: trans.__('Log in'),
    list: trans.__('List'),
    write: trans.__('Write'),
    read: trans.__('Read'),
    delete: trans.__('Delete'),
    clock: trans.__('Clock'),
    cors: trans.__('Downloads in the browser (CORS)')
  };
  const status = problem !== null ? 'failed' : test === null ? 'running' : test.ok ? 'passed' : 'failed';
  const title = {
    running: trans.__('Test of %1: running…', name),
    passed: trans.__('Test of %1 passed', name),
    failed: trans.__('Test of %1 failed', name)
  }[status];
  return (
    <section className="valo-Trial" data-trial={status} aria-label={trans.__('Test of the store')}>
      <div className="valo-Trial-head">
        {status === 'running' && <span className="valo-Spinner" aria-hidden="true" />}
        <strong role="status">{title}</strong>
        {status !== 'running' && (
          <button type="button" className="valo-Chip" onClick={onClose}>
            {trans.__('Close')}
          </button>
        )}
      </div>
      <ol>
        {(test?.steps ?? []).map(step => (
          <li key={step.name} data-ok={step.ok}>
            <span className="valo-Trial-sign" aria-hidden="true">
              {step.ok ? '✓' : '✗'}
            </span>
            <span>
              {names[step.name.toLowerCase()] ?? step.name}{' '}
              <span className="valo-Quiet">{step.ok ? trans.__('ok') : trans.__('failed')}</span>
              {step.message && <span className="valo-Trial-message">{step.message}</span>}
            </span>
          </li>
        ))}
      </ol>
      {problem !== null && (
        <p className="valo-Setting-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
