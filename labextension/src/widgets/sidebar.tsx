/** The sidebar: connection, filter, executions. */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { IExecution, INotebookInfo } from '../api/types';
import { Connection } from '../components/Connection';
import { CHIP_STATUS, type Chip } from '../components/ExecutionFilters';
import { ExecutionList as List } from '../components/ExecutionList';
import type { IExecutionActions } from '../components/ExecutionRow';
import { useModel } from '../components/hooks';
import { ProjectSelect } from '../components/ProjectSelect';
import { TransContext } from '../components/trans';
import { ExecutionList } from '../model/executions';
import { valoIcon } from './icons';
import type { IValo } from '../tokens';

export interface ISidebarOptions {
  valo: IValo;
  tracker: INotebookTracker;
  trans: TranslationBundle;
  actions: IExecutionActions;
}

export class Sidebar extends ReactWidget {
  constructor(private _options: ISidebarOptions) {
    super();
    const { valo, trans } = _options;
    this.id = 'valo-sidebar';
    this.addClass('valo-Sidebar');
    this.title.icon = valoIcon;
    this.title.caption = trans.__('Executions');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Executions'));
    this._list = new ExecutionList(valo.api, valo.feed);
  }

  dispose(): void {
    this._list.dispose();
    super.dispose();
  }

  render(): JSX.Element {
    const { tracker, trans } = this._options;
    return (
      <TransContext.Provider value={trans}>
        <UseSignal signal={tracker.currentChanged} initialSender={tracker}>
          {() => <Body {...this._options} list={this._list} path={tracker.currentWidget?.context.path ?? null} />}
        </UseSignal>
      </TransContext.Provider>
    );
  }

  private _list: ExecutionList;
}

function Body(props: ISidebarOptions & { list: ExecutionList; path: string | null }): JSX.Element {
  const { valo, list, path, actions } = props;
  useModel(list, valo.server, valo.projects);
  const [search, setSearch] = useState('');
  const [chips, setChips] = useState<Chip[]>([]);
  const notebook = useNotebook(valo, chips.includes('notebook') ? path : null);

  const project = notebook?.project.id ?? valo.projects.current?.id;
  const filter = useMemo(
    () =>
      project
        ? {
            project,
            notebook: notebook?.path,
            search: search || undefined,
            status: chips.flatMap(chip => (chip === 'notebook' ? [] : CHIP_STATUS[chip]))
          }
        : null,
    [search, chips, notebook, project]
  );
  useEffect(() => void list.setFilter(filter), [list, filter]);

  const handleFilter = useCallback((text: string, next: Chip[]) => {
    setSearch(text);
    setChips(next);
  }, []);
  const retry = useCallback(() => {
    void valo.server.refresh();
    void valo.projects.refresh();
    void list.refresh();
  }, [valo, list]);
  return (
    <>
      <Connection status={valo.server.status} error={valo.server.error} onRetry={retry} />
      <ProjectSelect
        projects={valo.projects.all}
        current={valo.projects.current}
        onChange={chosen => valo.projects.choose(chosen)}
      />
      <List
        executions={list.executions as IExecution[]}
        loaded={list.loaded || (valo.projects.loaded && !project)}
        error={list.error ?? valo.projects.error}
        filters={{ search, chips, hasNotebook: path !== null, onChange: handleFilter }}
        actions={actions}
        onMore={() => void list.loadMore()}
        onRetry={retry}
      />
    </>
  );
}

/** Where the notebook at `path` stands in its project. */
function useNotebook(valo: IValo, path: string | null): INotebookInfo | null {
  const [info, setInfo] = useState<INotebookInfo | null>(null);
  useEffect(() => {
    let current = true;
    setInfo(null);
    if (path !== null) {
      valo.api.notebook(path).then(
        answer => current && setInfo(answer),
        () => undefined
      );
    }
    return () => {
      current = false;
    };
  }, [valo, path]);
  return info;
}
