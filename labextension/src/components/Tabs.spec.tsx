import { fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { describe, expect, it } from 'vitest';
import { Tabs } from './Tabs';

type Name = 'a' | 'b' | 'c';

function Host(): JSX.Element {
  const [current, setCurrent] = useState<Name>('a');
  return (
    <Tabs<Name>
      label="Page"
      current={current}
      onChange={setCurrent}
      tabs={[
        { id: 'a', label: 'Details' },
        { id: 'b', label: 'Outputs', count: 3 },
        { id: 'c', label: 'Trace' }
      ]}
    >
      panel {current}
    </Tabs>
  );
}

describe('tabs', () => {
  it('are one stop of the keyboard, arrows move in a circle', () => {
    render(<Host />);
    const tabs = screen.getAllByRole('tab');
    expect(tabs.map(tab => tab.tabIndex)).toEqual([0, -1, -1]);
    fireEvent.keyDown(tabs[0], { key: 'ArrowLeft' });
    expect(document.activeElement).toBe(tabs[2]);
    fireEvent.keyDown(tabs[2], { key: 'ArrowRight' });
    fireEvent.keyDown(tabs[0], { key: 'ArrowRight' });
    expect(screen.getByRole('tab', { selected: true }).textContent).toBe('Outputs3');
    expect(screen.getByRole('tabpanel', { name: /Outputs/ }).textContent).toBe('panel b');
  });
});
