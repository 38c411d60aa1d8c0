/** The sidebar: connection, filter, executions, files, environments. */
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { Signal } from '@lumino/signaling';
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { IExecution, INotebookInfo } from '../api/types';
import { Connection } from '../components/Connection';
import { CHIP_STATUS, type Chip } from '../components/ExecutionFilters';
import { ExecutionList as List } from '../components/ExecutionList';
import type { IExecutionActions } from '../components/ExecutionRow';
import type { ISelectionActions } from '../components/SelectionBar';
import { useModel } from '../components/hooks';
import { ProjectSelect } from '../components/ProjectSelect';
import { TransContext } from '../components/trans';
import { ExecutionList } from '../model/executions';
import { placesOf } from '../model/marks';
import { DataSection, type IDataSectionActions } from './dataSection';
import { EnvironmentsSection, type ISectionActions } from './environmentsSection';
import { valoIcon } from './icons';
import { Looked } from './looked';
import type { IValo } from '../tokens';

export interface ISidebarOptions {
  valo: IValo;
  tracker: INotebookTracker;
  trans: TranslationBundle;
  actions: IExecutionActions & ISelectionActions & IDataSectionActions & ISectionActions;
}

/** What the user filters by, and which sections are unfolded. */
export interface ISidebarFilter {
  search: string;
  chips: Chip[];
  data?: boolean;
  environments?: boolean;
}

export class Sidebar extends Looked {
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

  /** The user changed the filter. */
  readonly filterChanged = new Signal<this, ISidebarFilter>(this);

  get filter(): ISidebarFilter {
    return this._filter;
  }

  set filter(filter: ISidebarFilter) {
    this._filter = filter;
    this.update();
  }

  dispose(): void {
    Signal.clearData(this);
    this._list.dispose();
    super.dispose();
  }

  render(): JSX.Element {
    const { tracker, trans } = this._options;
    return (
      <TransContext.Provider value={trans}>
        <UseSignal signal={tracker.currentChanged} initialSender={tracker}>
          {() => (
            <Body
              {...this._options}
              list={this._list}
              path={tracker.currentWidget?.context.path ?? null}
              filter={this._filter}
              visible={this.looked}
              onFilter={this._onFilter}
            />
          )}
        </UseSignal>
      </TransContext.Provider>
    );
  }

  private _onFilter = (changes: Partial<ISidebarFilter>) => {
    this.filter = { ...this._filter, ...changes };
    this.filterChanged.emit(this._filter);
  };

  private _filter: ISidebarFilter = { search: '', chips: [] };
  private _list: ExecutionList;
}

interface IBodyProps extends ISidebarOptions {
  list: ExecutionList;
  /** The notebook in front. */
  path: string | null;
  filter: ISidebarFilter;
  /** Whether anybody looks at the sidebar. */
  visible: boolean;
  onFilter: (changes: Partial<ISidebarFilter>) => void;
}

function Body(props: IBodyProps): JSX.Element {
  const { valo, list, path, actions, visible, onFilter } = props;
  const { search, chips, data = false, environments = false } = props.filter;
  const mine = chips.includes('mine');
  useModel(list, valo.server, valo.projects, valo.feed, valo.account);
  useEffect(() => {
    if (mine && valo.server.reachable) {
      void valo.account.load();
    }
  }, [valo, mine, valo.server.reachable]);
  const notebook = useNotebook(valo, chips.includes('notebook') ? path : null);

  const me = valo.account.me?.username;
  const project = notebook?.project.id ?? valo.projects.current?.id;
  const filter = useMemo(
    () =>
      project
        ? {
            project,
            places: notebook ? placesOf(notebook).filter(place => place.project.id === project) : undefined,
            search: search || undefined,
            status: chips.flatMap(chip => CHIP_STATUS[chip] ?? []),
            creator: mine ? me : undefined
          }
        : null,
    [search, chips, notebook, project, mine, me]
  );
  useEffect(() => void list.setFilter(filter), [list, filter]);

  const need = useCallback((index: number) => void list.need(index), [list]);
  const retry = useCallback(() => {
    void valo.server.refresh();
    void valo.projects.refresh();
    void list.refresh();
  }, [valo, list]);
  return (
    <>
      <Connection
        status={valo.server.status}
        error={valo.server.error ?? (valo.server.reachable ? valo.feed.failure : null)}
        onRetry={retry}
      />
      <ProjectSelect
        projects={valo.projects.all}
        current={valo.projects.current}
        onChange={chosen => valo.projects.choose(chosen)}
      />
      <List
        executions={list.executions as IExecution[]}
        count={list.count}
        loaded={list.loaded || (valo.projects.loaded && !project)}
        error={list.error ?? valo.projects.error}
        filters={{
          search,
          chips,
          hasNotebook: path !== null,
          onChange: (text, chosen) => onFilter({ search: text, chips: chosen })
        }}
        actions={actions}
        onNeed={need}
        onRetry={retry}
      />
      <DataSection
        valo={valo}
        visible={visible}
        open={data}
        actions={actions}
        onToggle={open => onFilter({ data: open })}
      />
      <EnvironmentsSection
        valo={valo}
        visible={visible}
        open={environments}
        actions={actions}
        onToggle={open => onFilter({ environments: open })}
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
