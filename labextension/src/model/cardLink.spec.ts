import { describe, expect, it } from 'vitest';
import { opened } from './cardLink';

const ID = '123e4567-e89b-12d3-a456-426614174000';

describe('links of cards', () => {
  it('lead to an execution, one of its tabs, or a file', () => {
    expect(opened(`execution:${ID}`)).toEqual({ id: 'valo:open-execution', args: { id: ID } });
    expect(opened(`execution:${ID}:trace`)).toEqual({ id: 'valo:open-execution', args: { id: ID, tab: 'trace' } });
    expect(opened(`datum:${ID}`)).toEqual({ id: 'valo:open-data', args: { open: ID } });
  });

  it('lead nowhere when they are anything else', () => {
    for (const link of [null, '', 'datum:../../x', `command:${ID}`, `execution:${ID}:settings`, `datum:${ID}\nx`]) {
      expect(opened(link)).toBeNull();
    }
  });
});
