import { render, screen, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { IOutputFile } from '../api/types';
import { OutputsView } from './OutputsView';

function file(name: string, tags: string[] = []): IOutputFile {
  return { id: name, name, size: 10, uri: `store://${name}`, tags, purged: false };
}

describe('the files of an execution', () => {
  it('show their tags, and no empty list of them', () => {
    const outputs = [file('plot.png'), file('model.npz', ['accurate', 'prod'])];
    render(
      <OutputsView
        outputs={outputs}
        running={false}
        onDownload={() => undefined}
        onBring={() => Promise.reject()}
        preview={() => null}
      />
    );
    const tags = screen.getByRole('list', { name: 'Tags of model.npz' });
    expect(
      within(tags)
        .getAllByRole('listitem')
        .map(tag => tag.textContent)
    ).toEqual(['accurate', 'prod']);
    expect(screen.queryByRole('list', { name: 'Tags of plot.png' })).toBeNull();
  });
});
