import type { INotebookContent } from '@jupyterlab/nbformat';
import { describe, expect, it } from 'vitest';
import { joinLines } from './lines';

describe('a stored notebook', () => {
  it('is put together as it was written, but for lists that are values', () => {
    const content: INotebookContent = {
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
      cells: [
        {
          cell_type: 'code',
          metadata: {},
          execution_count: 1,
          source: ['a = 1\n', 'a'],
          outputs: [
            { output_type: 'stream', name: 'stdout', text: ['0\n', '1\n'] },
            {
              output_type: 'display_data',
              metadata: {},
              data: { 'text/html': ['<b>\n', '</b>'], 'application/json': ['x', 'y'], 'image/png': 'AA' }
            },
            { output_type: 'error', ename: 'E', evalue: 'v', traceback: ['one', 'two'] }
          ]
        },
        { cell_type: 'markdown', metadata: {}, source: '![](a)', attachments: { a: { 'image/png': ['A', 'B'] } } }
      ]
    };
    expect(joinLines(content).cells).toMatchObject([
      {
        source: 'a = 1\na',
        outputs: [
          { text: '0\n1\n' },
          { data: { 'text/html': '<b>\n</b>', 'application/json': ['x', 'y'], 'image/png': 'AA' } },
          { traceback: ['one', 'two'] }
        ]
      },
      { source: '![](a)', attachments: { a: { 'image/png': 'AB' } } }
    ]);
  });
});
