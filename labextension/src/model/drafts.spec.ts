import type { Contents } from '@jupyterlab/services';
import type { IStateDB } from '@jupyterlab/statedb';
import { StateDB } from '@jupyterlab/statedb';
import { Signal } from '@lumino/signaling';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../testing/until';
import { EMPTY, type IDraft } from './draft';
import { Drafts } from './drafts';

const chosen: IDraft = {
  ...EMPTY,
  parameters: { lr: '0.5' },
  variables: [
    { name: 'TOKEN', value: 'hunter2', secret: true },
    { name: 'MODE', value: 'fast', secret: false }
  ]
};

let state: IStateDB;

beforeEach(() => {
  state = new StateDB();
});

describe('the last choices', () => {
  it('are there after a reload, but for the values of secrets', async () => {
    const drafts = new Drafts(state);
    await drafts.save('a.ipynb', chosen);
    expect(await drafts.fetch('a.ipynb')).toEqual(chosen);
    expect(JSON.stringify(await state.toJSON())).not.toContain('hunter2');
    const [secret, plain] = (await new Drafts(state).fetch('a.ipynb'))!.variables;
    expect(secret).toEqual({ name: 'TOKEN', value: '', secret: true });
    expect(plain.value).toBe('fast');
    expect(await drafts.fetch('b.ipynb')).toBeNull();
  });

  it('follow a notebook, and the folder it is in', async () => {
    const drafts = new Drafts(state);
    await drafts.save('work/a.ipynb', chosen);
    await drafts.move('work/a.ipynb', 'work/b.ipynb');
    expect(await drafts.fetch('work/a.ipynb')).toBeNull();
    await drafts.move('work', 'play');
    expect(await drafts.fetch('play/b.ipynb')).toEqual(chosen);
    expect((await new Drafts(state).fetch('play/b.ipynb'))?.parameters).toEqual({ lr: '0.5' });
    expect((await state.list('valo-jupyter')).ids).toEqual(['valo-jupyter:form:play/b.ipynb']);
  });

  it('go with a notebook, and with the folder it is in', async () => {
    const contents = { fileChanged: new Signal<Contents.IManager, Contents.IChangedArgs>({} as Contents.IManager) };
    const drafts = new Drafts(state, contents);
    const told: string[] = [];
    drafts.changed.connect((_, path) => told.push(path));
    for (const path of ['Untitled.ipynb', 'work/a.ipynb', 'workshop/a.ipynb']) {
      await drafts.save(path, chosen);
    }
    told.length = 0;
    for (const path of ['Untitled.ipynb', 'work']) {
      contents.fileChanged.emit({ type: 'delete', oldValue: { path }, newValue: null });
    }
    await until(() => expect(told).toEqual(['Untitled.ipynb', 'work/a.ipynb']));
    expect(await drafts.fetch('Untitled.ipynb')).toBeNull();
    expect(await drafts.fetch('work/a.ipynb')).toBeNull();
    expect(await drafts.fetch('workshop/a.ipynb')).toEqual(chosen);
    expect((await state.list('valo-jupyter')).ids).toEqual(['valo-jupyter:form:workshop/a.ipynb']);
  });
});
