/** The page of one execution: header and tabs. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message as LuminoMessage } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { lazy, Suspense, useState } from 'react';
import type { IExecution, IExecutionDetail } from '../api/types';
import { DetailHeader } from '../components/DetailHeader';
import { useModel } from '../components/hooks';
import { LogView } from '../components/LogView';
import { Message } from '../components/Message';
import { Tabs } from '../components/Tabs';
import { TransContext, useTrans } from '../components/trans';
import { ExecutionModel } from '../model/execution';
import { saveBlob } from './save';
import { CommandIDs, type IValo } from '../tokens';
import type { IRenderers } from './renderers';

// each tab's code is fetched when it is first looked at
const DetailsTab = lazy(() => import('./detailsTab'));
const NotebookTab = lazy(() => import('./notebookTab'));
const MetadataTab = lazy(() => import('./metadataTab'));
const OutputsTab = lazy(() => import('./outputsTab'));
const TraceTab = lazy(() => import('./traceTab'));

export type DetailTab = 'details' | 'notebook' | 'log' | 'metadata' | 'outputs' | 'trace';

export interface IDetailOptions {
  valo: Pick<IValo, 'api' | 'feed'>;
  id: string;
  tab?: DetailTab;
  trans: TranslationBundle;
  renderers: IRenderers;
  /** Opens another execution. */
  open: (execution: IExecution) => void;
  /** Runs a command of Lab. */
  command: (name: string, args: Record<string, string>) => void;
  /** Shows what an action failed with. */
  failed: (reason: unknown) => void;
}

export class ExecutionPage extends ReactWidget {
  constructor(private _options: IDetailOptions) {
    super();
    const { valo, id, trans } = _options;
    this.addClass('valo-Page');
    this.title.label = trans.__('Execution');
    this.model = new ExecutionModel(valo.api, valo.feed, id);
    this.model.stateChanged.connect(this._onChanged, this);
    this._tab = _options.tab ?? 'details';
  }

  readonly model: ExecutionModel;

  /** Another tab is shown. */
  readonly tabChanged = new Signal<this, DetailTab>(this);

  get executionId(): string {
    return this._options.id;
  }

  /** The tab that is shown. */
  get tab(): DetailTab {
    return this._tab;
  }

  set tab(tab: DetailTab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this.update();
      this.tabChanged.emit(tab);
    }
  }

  /** Whether the project stands in the titles: each project counts from #1. */
  set namesProject(names: boolean) {
    if (names !== this._namesProject) {
      this._namesProject = names;
      this._onChanged(this.model);
      if (this.isAttached) {
        this.update();
      }
    }
  }

  dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  render(): JSX.Element {
    return (
      <TransContext.Provider value={this._options.trans}>
        <Page
          {...this._options}
          model={this.model}
          namesProject={this._namesProject}
          tab={this._tab}
          onTab={tab => (this.tab = tab)}
        />
      </TransContext.Provider>
    );
  }

  protected onAfterAttach(message: LuminoMessage): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.model.visible = true;
    }
  }

  protected onAfterShow(message: LuminoMessage): void {
    super.onAfterShow(message);
    this.model.visible = true;
  }

  protected onBeforeHide(message: LuminoMessage): void {
    super.onBeforeHide(message);
    this.model.visible = false;
  }

  private _onChanged({ execution }: ExecutionModel): void {
    if (execution) {
      const { counter, title, project } = execution;
      this.title.label = `#${counter} ${title}${this._namesProject ? ` · ${project.name}` : ''}`;
      this.title.caption = this._options.trans.__('#%1 %2\nProject: %3', counter, title, project.name);
    }
  }

  private _namesProject = false;
  private _tab: DetailTab;
}

interface IPageProps extends Omit<IDetailOptions, 'tab'> {
  model: ExecutionModel;
  namesProject: boolean;
  tab: DetailTab;
  onTab: (tab: DetailTab) => void;
}

/** What every tab is given. */
export interface ITabProps extends Omit<IPageProps, 'tab'> {
  execution: IExecutionDetail;
  /** Number of the code cell that the notebook begins at. */
  cell: number | null;
  onShowCell: (code: number) => void;
}

function Page(props: IPageProps): JSX.Element {
  const trans = useTrans();
  const { model, namesProject, onTab, open, command, failed } = props;
  const [cell, setCell] = useState<number | null>(null);
  useModel(model);
  const { execution } = model;
  // commands have no notebook to show
  const tab = props.tab === 'notebook' && !execution?.notebook ? 'details' : props.tab;
  if (!execution) {
    return model.error ? (
      <Message kind="error" title={trans.__('This execution cannot be shown')} text={model.error.message}>
        <button type="button" className="jp-mod-styled" onClick={() => void model.refresh()}>
          {trans.__('Try again')}
        </button>
      </Message>
    ) : (
      <Message kind="busy" title={trans.__('Loading the execution…')} />
    );
  }
  const compare = async () => {
    const before = await model.before();
    if (!before) {
      throw new Error(trans.__('This is the first execution of the notebook: there is none to compare it with.'));
    }
    command(CommandIDs.compare, { left: before.id, right: execution.id });
  };
  const actions = {
    stop: () => model.stop().catch(failed),
    rerun: () => model.rerun().then(open, failed),
    compare: execution.notebook && execution.counter > 1 ? () => compare().catch(failed) : null
  };
  const Tab = {
    details: DetailsTab,
    notebook: NotebookTab,
    metadata: MetadataTab,
    outputs: OutputsTab,
    trace: TraceTab,
    log: LogTab
  }[tab];
  return (
    <>
      <DetailHeader execution={execution} actions={actions} namesProject={namesProject} />
      {model.error && <p className="valo-Stale">{trans.__('Not up to date: %1', model.error.message)}</p>}
      <Tabs<DetailTab>
        label={trans.__('About this execution')}
        current={tab}
        onChange={chosen => {
          setCell(null);
          onTab(chosen);
        }}
        tabs={[
          { id: 'details', label: trans.__('Details') },
          ...(execution.notebook ? [{ id: 'notebook' as const, label: trans.__('Notebook') }] : []),
          { id: 'log', label: trans.__('Log') },
          { id: 'metadata', label: trans.__('Metadata') },
          { id: 'outputs', label: trans.__('Outputs'), count: execution.outputs.length },
          { id: 'trace', label: trans.__('Trace') }
        ]}
      >
        <Suspense fallback={<Message kind="busy" title={trans.__('Loading…')} />}>
          <Tab
            {...props}
            execution={execution}
            cell={cell}
            onShowCell={code => {
              setCell(code);
              onTab('notebook');
            }}
          />
        </Suspense>
      </Tabs>
    </>
  );
}

function LogTab(props: ITabProps): JSX.Element {
  const { model, execution, failed } = props;
  const { log } = model;
  useModel(log);
  const [load] = useState(() => () => log.loadEarlier());
  const download = async () => {
    try {
      saveBlob(await log.download(), `execution-${execution.counter}.log`);
    } catch (reason) {
      failed(reason);
    }
  };
  return (
    <LogView
      lines={log.lines}
      loaded={log.loaded}
      live={log.live}
      hasEarlier={log.hasEarlier}
      loadingEarlier={log.loadingEarlier}
      onEarlier={load}
      onDownload={download}
    />
  );
}
