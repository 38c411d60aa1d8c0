import { LabStatus } from '@jupyterlab/application/lib/status';
import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Account } from '../model/account';
import type { IValo } from '../tokens';
import { FakeServer } from '../testing/server';
import { until } from '../testing/until';
import { PoolPage, type IPoolActions } from './poolPage';
import { UnsavedPanel } from './unsaved';

const trans = nullTranslator.load('');
/** jsdom shows no dialog. */
const HIDDEN = { hidden: true };
let status: LabStatus;
let panel: UnsavedPanel<PoolPage>;

beforeEach(() => {
  const server = new FakeServer();
  server.on('GET', 'valo/api/v0/users/me/', () => ({ id: 1, username: 'ana', is_admin: true }));
  server.on('GET', 'valo/api/v0/registries/', () => ({ results: [] }));
  status = new LabStatus({ commands: { isVisible: () => true } } as never);
  const content = new PoolPage({
    kind: 'registries',
    valo: { api: server.api, account: new Account(server.api.pool) } as unknown as IValo,
    trans,
    renderers: {} as never,
    actions: {} as IPoolActions,
    status
  });
  panel = new UnsavedPanel(content, trans);
  Widget.attach(panel, document.body);
});

afterEach(() => {
  panel.dispose();
});

async function typeUserName(text: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name: 'Add registry' }));
  fireEvent.change(await screen.findByRole('textbox', { name: /^User name/ }), { target: { value: text } });
}

async function answer(button: string): Promise<void> {
  const dialog = await screen.findByRole('dialog', HIDDEN);
  expect(dialog.textContent).toContain('without saving?');
  fireEvent.click(within(dialog).getByRole('button', { name: button, ...HIDDEN }));
  await until(() => expect(screen.queryByRole('dialog', HIDDEN)).toBeNull());
}

describe('what is typed on a page and not saved', () => {
  it('marks the tab, and the browser asks before a reload', async () => {
    await typeUserName('ana');
    await until(() => expect(status.isDirty).toBe(true));
    expect(panel.title.className).toContain('jp-mod-dirty');
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
    await until(() => expect(status.isDirty).toBe(false));
    expect(panel.title.className).not.toContain('jp-mod-dirty');
  });

  it('is asked about before the page is closed', async () => {
    await typeUserName('ana');
    await until(() => expect(status.isDirty).toBe(true));
    panel.close();
    await answer('Cancel');
    expect(panel.isDisposed).toBe(false);
    panel.close();
    await answer('Discard');
    await until(() => expect(panel.isDisposed).toBe(true));
    expect(status.isDirty).toBe(false);
  });

  it('closes at once when there is nothing', async () => {
    await screen.findByRole('button', { name: 'Add registry' });
    panel.close();
    expect(panel.isDisposed).toBe(true);
  });
});
