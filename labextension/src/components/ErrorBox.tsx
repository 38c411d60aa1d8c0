/** Why an execution failed: the error, its traceback, the way to its cell. */
import { useId, useState } from 'react';
import type { IExecutionError } from '../api/types';
import { AnsiText } from './AnsiText';
import { useTrans } from './trans';

/** Lines of a traceback that are shown at once. */
const FOLD = 12;

export function ErrorBox(props: {
  error: IExecutionError;
  /** Shows a code cell, by its number. */
  onShowCell?: (code: number) => void;
  /** Leads to the cell in the notebook that it was made of. */
  onGoToCell?: () => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const [all, setAll] = useState(false);
  const { error, onShowCell, onGoToCell } = props;
  const { code_cell: number } = error;
  const message = [error.ename, error.evalue].filter(Boolean).join(': ');
  const traceback = error.traceback?.trimEnd() ?? '';
  const lines = traceback.split('\n');
  return (
    <section className="valo-Facts valo-Error">
      <div role="alert">
        <h3>{number ? trans.__('Failed in cell %1', number) : trans.__('Failed')}</h3>
        <p>
          <AnsiText text={message} />
        </p>
      </div>
      {/* some errors have no more than their message */}
      {traceback && traceback !== message && (
        <div className="valo-Traceback" id={id}>
          <AnsiText key={String(all)} text={all ? traceback : lines.slice(0, FOLD).join('\n')} />
        </div>
      )}
      <div className="valo-Chips">
        {lines.length > FOLD && (
          <button
            type="button"
            className="valo-Chip"
            aria-expanded={all}
            aria-controls={id}
            onClick={() => setAll(!all)}
          >
            {all ? trans.__('Show less') : trans.__('Show all %1 lines', lines.length)}
          </button>
        )}
        {number && onGoToCell && (
          <button type="button" className="valo-Chip" onClick={onGoToCell}>
            {trans.__('Go to the cell')}
          </button>
        )}
        {number && onShowCell && (
          <button type="button" className="valo-Chip" onClick={() => onShowCell(number)}>
            {trans.__('Show the cell in the notebook')}
          </button>
        )}
      </div>
    </section>
  );
}
