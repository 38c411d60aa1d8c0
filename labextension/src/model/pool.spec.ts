import { afterEach, describe, expect, it } from 'vitest';
import type { IDisposable } from '@lumino/disposable';
import { aMachine, anEnvironment } from '../testing/pool';
import { anExecution, FakeServer, json } from '../testing/server';
import { until } from '../testing/until';
import { Account } from './account';
import { EnvironmentModel } from './environment';
import { EnvironmentsModel, free, waiting } from './environments';
import { RegistriesModel } from './registries';
import { Trial } from './trial';

const API = 'valo/api/v0';
const open: IDisposable[] = [];
afterEach(() => open.splice(0).forEach(one => one.dispose()));

function keep<T extends IDisposable>(model: T): T {
  open.push(model);
  return model;
}

describe('all environments', () => {
  it('are asked for while somebody looks, the default one first', async () => {
    const server = new FakeServer();
    server.on('GET', `${API}/environments/`, () => ({
      results: [anEnvironment('b'), anEnvironment('a'), anEnvironment('z', { default: true })]
    }));
    const model = keep(new EnvironmentsModel(server.api.pool));
    await new Promise(resolve => setTimeout(resolve, 50));
    expect(server.asked).toHaveLength(0);
    const looking = model.look();
    await until(() => expect(model.environments.map(({ slug }) => slug)).toEqual(['z', 'a', 'b']));
    looking.dispose();
    expect(model.loaded).toBe(true);
  });

  it('stay as they were known while nobody answers', async () => {
    const server = new FakeServer();
    server.on('GET', `${API}/environments/`, () => ({ results: [anEnvironment('a')] }));
    const model = keep(new EnvironmentsModel(server.api.pool));
    keep(model.look());
    await until(() => expect(model.loaded).toBe(true));
    server.down = true;
    await model.refresh();
    expect(model.error?.unreachable).toBe(true);
    expect(model.environments).toHaveLength(1);
    server.down = false;
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('count who waits and what is free', () => {
    const environment = anEnvironment('a', {
      queue: { created: 2, queued: 1, running: 3 },
      machines: { starting: 1, idle: 0, busy: 3, draining: 1 }
    });
    expect(waiting(environment)).toBe(3);
    expect(free(environment)).toBe(1);
    expect(free({ ...environment, max_scale: 1 })).toBe(0);
  });
});

describe('one environment', () => {
  function serve(changes: Parameters<typeof anEnvironment>[1] = {}): FakeServer {
    const server = new FakeServer();
    const path = `${API}/environments/e-gpu/`;
    server.on('GET', path, () => anEnvironment('gpu', changes));
    server.on('PATCH', path, ({ body }) => anEnvironment('gpu', { ...changes, ...(body as object) }));
    server.on('GET', `${path}machines/`, () => ({ results: [aMachine('m1')], problem: 'no capacity' }));
    server.on('GET', `${path}queue/`, () => ({ results: [anExecution('x1')], count: 7 }));
    server.on('GET', `${path}history/`, () => ({ results: [{ time: '', starting: 0, idle: 1, busy: 0, waiting: 0 }] }));
    return server;
  }

  it('has machines, a line when somebody waits, and a history', async () => {
    const server = serve({ queue: { created: 0, queued: 7, running: 0 } });
    const model = keep(new EnvironmentModel(server.api.pool, 'e-gpu'));
    await model.refresh();
    expect(model.machines[0].name).toBe('m1');
    expect(model.problem).toBe('no capacity');
    expect([model.queue.length, model.queueCount]).toEqual([1, 7]);
    expect(model.history).toHaveLength(1);
    model.minutes = 360;
    await until(() =>
      expect(server.requests(`${API}/environments/e-gpu/history/`)[1].query.get('minutes')).toBe('360')
    );
  });

  it('asks for no line when nobody waits, and for the history only when it moves', async () => {
    const server = serve();
    const model = keep(new EnvironmentModel(server.api.pool, 'e-gpu'));
    await model.refresh();
    await model.refresh();
    expect(server.requests(`${API}/environments/e-gpu/queue/`)).toHaveLength(0);
    expect(server.requests(`${API}/environments/e-gpu/history/`)).toHaveLength(1);
  });

  it('shows what was saved at once', async () => {
    const server = serve();
    const model = keep(new EnvironmentModel(server.api.pool, 'e-gpu'));
    await model.save({ max_scale: 9 });
    expect(model.environment?.max_scale).toBe(9);
    server.on('PATCH', `${API}/environments/e-gpu/`, () =>
      json({ code: 'invalid_environment', message: 'No.', details: { max_scale: 'Less.' } }, 400)
    );
    await expect(model.save({ max_scale: 0 })).rejects.toMatchObject({ details: { max_scale: 'Less.' } });
  });
});

describe('a test of an engine', () => {
  const step = (name: string, ok = true) => ({ name, ok, message: ok ? '' : 'refused', seconds: 1 });

  it('follows its steps to the end', async () => {
    const server = new FakeServer();
    server.on('POST', `${API}/environments/test/`, () => ({ id: 't1', status: 'wanted', steps: [], hardware: null }));
    server.on('GET', `${API}/environments/tests/t1/`, ({ query }) =>
      query.get('after') === '0'
        ? { id: 't1', status: 'running', steps: [step('start')], hardware: null }
        : { id: 't1', status: 'failed', steps: [step('start'), step('reach', false)], hardware: null }
    );
    const trial = keep(new Trial(server.api.pool, null, { engine: 'ssh', options: {} }));
    await trial.run();
    expect(trial.status).toBe('failed');
    expect(trial.steps.map(({ ok }) => ok)).toEqual([true, false]);
    expect(server.asked[0].body).toEqual({ engine: 'ssh', options: {} });
  });

  it('says why it could not be made', async () => {
    const server = new FakeServer();
    server.on('POST', `${API}/environments/e1/test/`, () =>
      json({ code: 'not_allowed', message: 'Only administrators.', details: {} }, 403)
    );
    const trial = keep(new Trial(server.api.pool, 'e1', {}));
    await trial.run();
    expect([trial.status, trial.error?.message]).toEqual(['failed', 'Only administrators.']);
  });
});

describe('registries', () => {
  it('are added with their password, which is not shown again', async () => {
    const server = new FakeServer();
    const entries: object[] = [];
    server.on('GET', `${API}/registries/`, () => ({ results: entries }));
    server.on('POST', `${API}/registries/`, ({ body }) => {
      entries.push({ ...(body as object), id: 'r1', password: { set: true } });
      return entries[0];
    });
    const model = keep(new RegistriesModel(server.api.pool));
    await model.save(null, { match: 'docker.io/ana/*', type: 'docker-hub', username: 'ana', password: 'p' });
    expect(model.registries).toMatchObject([{ match: 'docker.io/ana/*', password: { set: true } }]);
  });
});

describe('the account', () => {
  it('may write until the server says otherwise, and is asked for once', async () => {
    const server = new FakeServer();
    server.on('GET', `${API}/users/me/`, () => ({ id: 2, username: 'ben', is_admin: false }));
    const account = keep(new Account(server.api.pool));
    expect(account.mayWrite).toBe(true);
    await Promise.all([account.load(), account.load()]);
    expect(account.mayWrite).toBe(false);
    expect(server.asked).toHaveLength(1);
  });
});
