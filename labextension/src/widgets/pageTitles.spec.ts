import { nullTranslator } from '@jupyterlab/translation';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ExecutionFeed } from '../model/feed';
import { FakeServer, anExecution } from '../testing/server';
import { until } from '../testing/until';
import { ExecutionPage } from './detail';
import { PageTitles } from './pageTitles';
import type { IRenderers } from './renderers';

let server: FakeServer;
let feed: ExecutionFeed;
let titles: PageTitles;
const pages: ExecutionPage[] = [];

/** The page of the first execution of a project. */
function open(id: string, project: string): ExecutionPage {
  const execution = anExecution(id, { counter: 1, project: { id: project, name: `${project} name` } });
  server.on('GET', `valo/api/v0/executions/${id}/`, () => execution);
  const page = new ExecutionPage({
    valo: { api: server.api, feed },
    id,
    trans: nullTranslator.load(''),
    // only the tabs draw with them
    renderers: {} as IRenderers,
    open: () => undefined,
    command: () => undefined,
    failed: () => undefined
  });
  pages.push(page);
  titles.add(page);
  return page;
}

beforeEach(() => {
  server = new FakeServer();
  feed = new ExecutionFeed(server.api);
  titles = new PageTitles();
});

afterEach(() => {
  pages.splice(0).forEach(page => page.dispose());
  feed.dispose();
});

describe('the titles of pages', () => {
  it('name the project as long as another project is open, tooltips always', async () => {
    const one = open('x1', 'p1');
    const same = open('x2', 'p1');
    await until(() => expect([one, same].map(({ title }) => title.label)).toEqual(['#1 quickstart', '#1 quickstart']));
    expect(one.title.caption).toBe('#1 quickstart\nProject: p1 name');

    const other = open('x3', 'p2');
    await until(() => expect(other.title.label).toBe('#1 quickstart · p2 name'));
    expect(one.title.label).toBe('#1 quickstart · p1 name');

    other.dispose();
    expect(one.title.label).toBe('#1 quickstart');
  });
});
