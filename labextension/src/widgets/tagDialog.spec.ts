import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { anExecution } from '../testing/server';
import { askTags } from './tagDialog';

/** jsdom shows no dialog. */
const HIDDEN = { hidden: true };
const executions = [anExecution('x1', { tags: ['a', 'b'] }), anExecution('x2', { tags: ['b'] })];

async function changes(removed: string[], typed: string) {
  const answer = askTags(nullTranslator.load(''), executions);
  const dialog = within(await screen.findByRole('dialog', HIDDEN));
  for (const tag of removed) {
    fireEvent.click(await dialog.findByRole('button', { name: `Remove tag ${tag}`, ...HIDDEN }));
  }
  fireEvent.change(await dialog.findByRole('textbox', HIDDEN), { target: { value: typed } });
  fireEvent.click(dialog.getByRole('button', { name: 'Save tags', ...HIDDEN }));
  return answer;
}

describe('tags of several executions', () => {
  it('gives all of them what only some have', async () => {
    expect(await changes([], 'a, c')).toEqual({ added: ['a', 'c'], removed: [] });
  });

  it('takes a tag from all of them, but one that was typed since', async () => {
    expect(await changes(['a', 'b'], 'a')).toEqual({ added: ['a'], removed: ['b'] });
  });
});
