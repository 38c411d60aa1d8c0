/** Tags, or aliases, each with a button that takes it away, and a field that adds one. */
import { useState } from 'react';
import { useTrans } from './trans';

export function TagEditor(props: {
  tags: readonly string[];
  /** What they are called; tags when left out. */
  kind?: 'tag' | 'alias';
  onChange: (tags: string[]) => void;
}): JSX.Element {
  const trans = useTrans();
  const alias = props.kind === 'alias';
  const remove = (tag: string) => (alias ? trans.__('Remove alias %1', tag) : trans.__('Remove tag %1', tag));
  const { tags, onChange } = props;
  const [text, setText] = useState('');
  const add = () => {
    const tag = text.trim();
    setText('');
    if (tag && !tags.includes(tag)) {
      onChange([...tags, tag]);
    }
  };
  return (
    <span className="valo-Tags">
      {tags.map(tag => (
        <span className="valo-Tag" data-kind={props.kind} key={tag}>
          {tag}
          <button
            type="button"
            aria-label={remove(tag)}
            title={remove(tag)}
            onClick={() => onChange(tags.filter(other => other !== tag))}
          >
            ×
          </button>
        </span>
      ))}
      <input
        className="valo-Tags-input"
        placeholder={alias ? trans.__('+ alias') : trans.__('+ tag')}
        aria-label={alias ? trans.__('Add an alias') : trans.__('Add a tag')}
        value={text}
        onChange={event => setText(event.target.value)}
        onBlur={add}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            event.preventDefault();
            add();
          } else if (event.key === 'Backspace' && !text && tags.length) {
            onChange(tags.slice(0, -1));
          }
        }}
      />
    </span>
  );
}
