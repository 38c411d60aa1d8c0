/** What of the files is shown: words, store, origin, and what else was chosen, each with a button that takes it away. */
import { useEffect, useState } from 'react';
import type { IStore, Origin } from '../api/dataTypes';
import { isEverything, ORIGINS, typed, unfinished, EVERYTHING, type IDataChoice } from '../model/dataQuery';
import { useTrans } from './trans';

const TYPING_PAUSE = 250;

export function DataSearch(props: {
  choice: IDataChoice;
  onChange: (choice: IDataChoice) => void;
  /** Whether it is where typing begins. */
  focused?: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { choice, onChange } = props;
  const [text, setText] = useState(choice.search);
  useEffect(() => setText(choice.search), [choice.search]);
  useEffect(() => {
    if (text === choice.search || unfinished(text)) {
      return;
    }
    const timer = setTimeout(() => onChange(typed(choice, text)), TYPING_PAUSE);
    return () => clearTimeout(timer);
  }, [text, choice, onChange]);
  return (
    <input
      type="search"
      className="jp-mod-styled valo-Filters-search"
      placeholder={trans.__('Search files, or tag:… alias:… run:12')}
      aria-label={trans.__('Search files')}
      // the picker is opened to search
      // eslint-disable-next-line jsx-a11y/no-autofocus
      autoFocus={props.focused}
      value={text}
      onChange={event => setText(event.target.value)}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          event.preventDefault();
          const next = typed(choice, text);
          onChange(next);
          setText(next.search);
        }
      }}
    />
  );
}

export function DataFilters(props: {
  choice: IDataChoice;
  stores: readonly IStore[];
  onChange: (choice: IDataChoice) => void;
  /** Whether it is where typing begins. */
  focused?: boolean;
}): JSX.Element {
  const trans = useTrans();
  const { choice, stores, onChange } = props;
  const words = useOriginWords();
  return (
    <div className="valo-Bar valo-DataFilters">
      <DataSearch choice={choice} onChange={onChange} focused={props.focused} />
      <select
        className="valo-Select"
        aria-label={trans.__('Store')}
        value={choice.store}
        onChange={event => onChange({ ...choice, store: event.target.value })}
      >
        <option value="">{trans.__('All stores')}</option>
        {stores.map(({ id, name }) => (
          <option key={id} value={name}>
            {name}
          </option>
        ))}
        <option value="built-in">{trans.__('Built-in store')}</option>
        {choice.store && choice.store !== 'built-in' && !stores.some(({ name }) => name === choice.store) && (
          <option value={choice.store}>{choice.store}</option>
        )}
      </select>
      <select
        className="valo-Select"
        aria-label={trans.__('Where files come from')}
        value={choice.origin}
        onChange={event => onChange({ ...choice, origin: event.target.value as Origin | '' })}
      >
        <option value="">{trans.__('From anywhere')}</option>
        {ORIGINS.map(origin => (
          <option key={origin} value={origin}>
            {words[origin]}
          </option>
        ))}
      </select>
      <Chosen choice={choice} onChange={onChange} />
    </div>
  );
}

function Chosen(props: { choice: IDataChoice; onChange: (choice: IDataChoice) => void }): JSX.Element | null {
  const trans = useTrans();
  const { choice, onChange } = props;
  const chosen: [key: string, label: string, without: IDataChoice][] = [
    ...choice.tags.map((tag): [string, string, IDataChoice] => [
      `tag:${tag}`,
      trans.__('tag: %1', tag),
      { ...choice, tags: choice.tags.filter(other => other !== tag) }
    ]),
    ...(choice.alias
      ? [['alias', trans.__('alias: %1', choice.alias), { ...choice, alias: '' }] as [string, string, IDataChoice]]
      : []),
    ...(choice.execution
      ? [
          [
            'run',
            /^\d+$/.test(choice.execution)
              ? trans.__('made or used by #%1', choice.execution)
              : trans.__('of one execution'),
            { ...choice, execution: '' }
          ] as [string, string, IDataChoice]
        ]
      : [])
  ];
  if (isEverything(choice)) {
    return null;
  }
  return (
    <>
      {chosen.map(([key, label, without]) => (
        <span className="valo-Tag valo-Chosen" key={key}>
          {label}
          <button
            type="button"
            aria-label={trans.__('Remove the filter %1', label)}
            title={trans.__('Remove the filter %1', label)}
            onClick={() => onChange(without)}
          >
            ×
          </button>
        </span>
      ))}
      <button type="button" className="valo-Link" onClick={() => onChange(EVERYTHING)}>
        {trans.__('Show all')}
      </button>
    </>
  );
}

export function useOriginWords(): Record<Origin, string> {
  const trans = useTrans();
  return {
    output: trans.__('Outputs'),
    input: trans.__('Inputs'),
    upload: trans.__('Uploads'),
    adopted: trans.__('Adopted')
  };
}
