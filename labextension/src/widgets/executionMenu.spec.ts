import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { MessageLoop } from '@lumino/messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IExecution } from '../api/types';
import { anExecution } from '../testing/server';
import { CommandIDs } from '../tokens';
import { openExecutionMenu } from './executionMenu';

const app = new CommandRegistry();
const executed = vi.fn();
for (const command of Object.values(CommandIDs)) {
  app.addCommand(command, { execute: args => executed(command, args) });
}
let anchor: HTMLButtonElement;

beforeEach(() => {
  anchor = document.body.appendChild(document.createElement('button'));
});

afterEach(() => {
  press(27);
  document.body.replaceChildren();
});

function press(keyCode: number): void {
  const menu = document.querySelector('.valo-ExecutionMenu');
  menu?.dispatchEvent(new KeyboardEvent('keydown', { keyCode, bubbles: true }));
}

function labels(execution: IExecution): string[] {
  openExecutionMenu(app, nullTranslator.load(''), execution, anchor);
  MessageLoop.flush();
  return [...document.querySelectorAll('.valo-ExecutionMenu .lm-Menu-itemLabel')].flatMap(
    ({ textContent }) => textContent || []
  );
}

describe('the menu of an execution', () => {
  it('offers to stop what runs, and to delete what has ended', () => {
    const running = labels(anExecution('x1', { status: 'started' }));
    expect(running).toContain('Stop');
    expect(running).not.toContain('Delete…');
  });

  it('leads to the failing cell of a notebook', () => {
    const failed = labels(anExecution('x1', { status: 'error', error: { code_cell: 2 } }));
    expect(failed).toEqual([
      'Details',
      'Log',
      'Metadata',
      'Outputs',
      'Executed notebook',
      'Go to the failing cell',
      'Run again',
      'Run again with changes…',
      'Tags…',
      'Delete…'
    ]);
    for (const keyCode of [40, 13]) {
      press(keyCode);
    }
    expect(executed).toHaveBeenLastCalledWith(CommandIDs.open, { id: 'x1', tab: 'log' });
    expect(document.activeElement).toBe(anchor);
  });

  it('has no notebook to show of commands', () => {
    expect(labels(anExecution('x1', { status: 'complete', notebook: null }))).not.toContain('Executed notebook');
  });
});
