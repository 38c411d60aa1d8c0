import { fireEvent, render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import type { ILine } from '../model/log';
import { LogView, type ILogViewProps } from './LogView';

const line = (seq: number, text: string, stream: ILine['stream'] = 'stdout'): ILine => ({
  seq,
  text,
  stream,
  time: '2026-01-01T10:00:00.000000'
});

function show(changes: Partial<ILogViewProps> = {}): ILogViewProps {
  const props: ILogViewProps = {
    lines: [line(1, 'loading'), line(2, 'Warning: slow', 'stderr'), line(3, 'a warning')],
    loaded: true,
    live: false,
    hasEarlier: false,
    loadingEarlier: false,
    onEarlier: vi.fn(async () => 0),
    onDownload: vi.fn(async () => undefined),
    ...changes
  };
  render(<LogView {...props} />);
  return props;
}

const shown = () => [...document.querySelectorAll('.valo-LogLine-text')].map(node => node.textContent);

describe('the log view', () => {
  it('finds words whatever their case, one after the other', () => {
    show();
    const search = screen.getByRole('searchbox');
    fireEvent.change(search, { target: { value: 'WARNING' } });
    expect(screen.getByText('1 of 2')).toBeTruthy();
    expect(document.querySelectorAll('mark')).toHaveLength(2);
    fireEvent.keyDown(search, { key: 'Enter' });
    expect(screen.getByText('2 of 2')).toBeTruthy();
    fireEvent.keyDown(search, { key: 'Enter' });
    expect(screen.getByText('1 of 2')).toBeTruthy();
  });

  it('shows one stream alone', () => {
    show();
    fireEvent.change(screen.getByRole('combobox'), { target: { value: 'stderr' } });
    expect(shown()).toEqual(['Warning: slow']);
  });

  it('draws terminal colours as Lab does, and runs nothing that is printed', () => {
    show({ lines: [line(1, '\u001b[31mred\u001b[0m <img src=x onerror="alert(1)">')] });
    expect(document.querySelector('.ansi-red-fg')?.textContent).toBe('red');
    expect(document.querySelector('img')).toBeNull();
    expect(shown()[0]).toContain('<img');
  });

  it('cuts a line of megabytes', () => {
    show({ lines: [line(1, 'x'.repeat(5_000_000))] });
    expect(shown()[0]?.length).toBeLessThan(5_000);
  });

  it('holds few of many lines', () => {
    show({ lines: Array.from({ length: 100_000 }, (_, index) => line(index + 1, `line ${index}`)) });
    expect(shown().length).toBeLessThan(120);
  });

  it('loads earlier lines and downloads all of them', () => {
    const props = show({ hasEarlier: true });
    fireEvent.click(screen.getByRole('button', { name: 'Load earlier lines' }));
    expect(props.onEarlier).toHaveBeenCalled();
    fireEvent.click(screen.getByRole('button', { name: 'Download' }));
    expect(props.onDownload).toHaveBeenCalled();
  });

  it('tells an empty log from one that will come', () => {
    show({ lines: [], live: true });
    expect(screen.getByText('Nothing printed yet')).toBeTruthy();
  });
});
