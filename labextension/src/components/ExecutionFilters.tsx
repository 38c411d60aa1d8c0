/** The filter of the execution list: a text and chips. */
import { useEffect, useState } from 'react';
import type { Status } from '../api/types';
import { useTrans } from './trans';

export type Chip = 'running' | 'done' | 'failed' | 'notebook' | 'mine';

export const CHIP_STATUS: Partial<Record<Chip, Status[]>> = {
  running: ['created', 'queued', 'started', 'stopping'],
  done: ['complete'],
  failed: ['error', 'crashed', 'stopped']
};

export interface IExecutionFiltersProps {
  search: string;
  chips: readonly Chip[];
  /** Whether a notebook is open that *This notebook* could mean. */
  hasNotebook: boolean;
  onChange: (search: string, chips: Chip[]) => void;
}

const TYPING_PAUSE = 250;

export function ExecutionFilters(props: IExecutionFiltersProps): JSX.Element {
  const trans = useTrans();
  const { search, chips, hasNotebook, onChange } = props;
  const [text, setText] = useState(search);
  useEffect(() => setText(search), [search]);
  useEffect(() => {
    if (text === search) {
      return;
    }
    const timer = setTimeout(() => onChange(text, [...chips]), TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [text, search, chips, onChange]);
  const all: [Chip, string][] = [
    ['running', trans.__('Running')],
    ['done', trans.__('Done')],
    ['failed', trans.__('Failed')],
    ['notebook', trans.__('This notebook')],
    ['mine', trans.__('Mine')]
  ];
  const toggle = (chip: Chip) =>
    onChange(text, chips.includes(chip) ? chips.filter(other => other !== chip) : [...chips, chip]);
  return (
    <div className="valo-Filters">
      <input
        type="search"
        className="jp-mod-styled valo-Filters-search"
        placeholder={trans.__('Filter: words, tag:name, #12')}
        aria-label={trans.__('Filter executions')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <div className="valo-Chips" role="group" aria-label={trans.__('Show only')}>
        {all.map(([chip, label]) => (
          <button
            type="button"
            key={chip}
            className="valo-Chip"
            aria-pressed={chips.includes(chip)}
            disabled={chip === 'notebook' && !hasNotebook && !chips.includes(chip)}
            onClick={() => toggle(chip)}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}
