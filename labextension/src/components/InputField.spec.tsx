import { fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import { InputField } from './InputField';

function Host(props: { picks: boolean }): JSX.Element {
  const [text, setText] = useState('train.csv');
  const [known, setKnown] = useState<Record<string, string>>({});
  return (
    <InputField
      name="data"
      text={text}
      known={known}
      onChange={setText}
      onKnown={(address, name) => setKnown({ ...known, [address]: name })}
      picker={
        props.picks
          ? (add, close) => (
              <>
                <button onClick={() => add('datum://d1', 'model.pkl')}>take</button>
                <button onClick={close}>done</button>
              </>
            )
          : null
      }
    />
  );
}

const click = (name: string) => fireEvent.click(screen.getByRole('button', { name }));
const field = () => screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'data' });

describe('an input', () => {
  it('takes picked files beside what was typed, each once, and says their names', () => {
    render(<Host picks />);
    const pick = screen.getByRole('button', { name: 'Pick files for data' });
    expect(pick.getAttribute('aria-expanded')).toBe('false');
    click('Pick files for data');
    expect(pick.getAttribute('aria-expanded')).toBe('true');
    click('take');
    click('take');
    expect(field().value).toBe('train.csv\ndatum://d1');
    expect(screen.getByText('model.pkl')).toBeTruthy();
    click('done');
    expect(screen.queryByRole('button', { name: 'take' })).toBeNull();
  });

  it('forgets the name of a file that is taken out again', () => {
    render(<Host picks />);
    click('Pick files for data');
    click('take');
    fireEvent.change(field(), { target: { value: 'other.csv' } });
    expect(screen.queryByText('model.pkl')).toBeNull();
  });

  it('is typed where nothing can be picked', () => {
    render(<Host picks={false} />);
    expect(screen.queryByRole('button')).toBeNull();
    expect(field().value).toBe('train.csv');
  });
});
