/** Provides what all other plugins share. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ValoAPI } from '../api/client';
import { Account } from '../model/account';
import { Drafts } from '../model/drafts';
import { EnvironmentsModel } from '../model/environments';
import { ExecutionFeed } from '../model/feed';
import { NotebookMarks } from '../model/marks';
import { Places } from '../model/places';
import { Preferences } from '../model/preferences';
import { Projects } from '../model/projects';
import { Relay } from '../model/relay';
import { Runs } from '../model/run';
import { ServerModel } from '../model/server';
import { Uploads } from '../model/uploads';
import { IValo } from '../tokens';

export const servicePlugin: JupyterFrontEndPlugin<IValo> = {
  id: 'valo-jupyter:service',
  description: 'The Valo server as the interface sees it.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IStateDB],
  provides: IValo,
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker, state: IStateDB | null): IValo => {
    const api = new ValoAPI(app.serviceManager.serverSettings);
    const server = new ServerModel(api);
    const { events } = app.serviceManager;
    const feed = new ExecutionFeed(api, events ? new Relay(api, events.stream) : null);
    new Places(api, feed);
    const projects = new Projects(api, feed);
    const runs = new Runs(api, feed);

    /** The project of the notebook in front is the one that is looked at. */
    const follow = async () => {
      const path = tracker.currentWidget?.context.path;
      if (!path || !server.reachable) {
        return;
      }
      try {
        const { project } = await api.notebook(path);
        if (path === tracker.currentWidget?.context.path) {
          projects.choose(project);
        }
      } catch {
        // a notebook outside any project leaves the choice as it was
      }
    };
    tracker.currentChanged.connect(() => void follow());
    server.stateChanged.connect(() => {
      if (server.reachable && (!projects.loaded || !feed.connected)) {
        void follow().then(() => projects.refresh());
      }
    });
    feed.connectedChanged.connect((_, connected) => {
      if (!connected) {
        void server.refresh();
      }
    });
    void app.restored.then(() => server.start());
    const marks = new WeakMap<NotebookPanel, NotebookMarks>();
    const valo: IValo = {
      api,
      server,
      feed,
      projects,
      runs,
      drafts: new Drafts(state, app.serviceManager.contents),
      environments: new EnvironmentsModel(api.pool),
      uploads: new Uploads(api.data),
      account: new Account(api.pool),
      preferences: new Preferences(),
      marks: panel => {
        let model = marks.get(panel);
        if (!model) {
          const created = new NotebookMarks(valo, panel.context);
          marks.set(panel, created);
          panel.disposed.connect(() => created.dispose());
          model = created;
        }
        return model;
      }
    };
    return valo;
  }
};
