import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { DifferenceTable, DifferentFiles } from './DifferenceTable';

describe('facts that differ', () => {
  it('stand in their groups, with their units', () => {
    render(
      <DifferenceTable
        left="#11"
        right="#12"
        facts={[
          { group: 'result', name: 'duration', left: 123, right: 2.5 },
          { group: 'parameters', name: 'lr', left: 0.1, right: null },
          { group: 'result', name: 'peak_memory_bytes', left: 1_400_000_000, right: 812 }
        ]}
      />
    );
    const rows = screen.getAllByRole('row').map(row => [...row.children].map(cell => cell.textContent));
    expect(rows).toEqual([
      ['Name', '#11', '#12'],
      ['Parameters'],
      ['lr', '0.1', 'none'],
      ['Result'],
      ['duration', '2 m 3 s', '2.5 s'],
      ['peak memory', '1.4 GB', '812 B']
    ]);
  });

  it('are shown short, and whole on hover', () => {
    const sum = `sha256:${'a'.repeat(100)}`;
    render(
      <DifferenceTable left="#1" right="#2" facts={[{ group: 'inputs', name: 'x', left: sum, right: { a: [1] } }]} />
    );
    expect(screen.getByTitle(sum).textContent).toHaveLength(81);
    expect(screen.getByText('{"a":[1]}')).toBeTruthy();
  });
});

it('says which files of the code differ, and how', () => {
  render(
    <DifferentFiles
      files={[
        { path: 'a.py', status: 'changed' },
        { path: 'b.py', status: 'added' }
      ]}
    />
  );
  expect(screen.getByText('2 files of the code differ')).toBeTruthy();
  expect(screen.getAllByRole('listitem', { hidden: true }).map(item => item.textContent)).toEqual([
    'a.py changed',
    'b.py only right'
  ]);
});
