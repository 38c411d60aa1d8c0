/** One environment: what it does now, how it was used, and its settings. */
import { useCallback, useEffect, useState } from 'react';
import type { EnvironmentChanges } from '../api/pool';
import { EnvironmentHeader } from '../components/EnvironmentHeader';
import { useLook, useModel, useOwned } from '../components/hooks';
import { MachineTable } from '../components/MachineTable';
import { Message } from '../components/Message';
import { QueueTable } from '../components/QueueTable';
import { Tabs } from '../components/Tabs';
import { useReadOnly } from '../components/readOnly';
import { useTrans } from '../components/trans';
import { TrialView } from '../components/TrialView';
import { UsageTable } from '../components/UsageTable';
import { EnvironmentModel } from '../model/environment';
import type { SettingsDraft } from '../model/settings';
import { Trial } from '../model/trial';
import { askDelete } from './confirmDelete';
import { EnvironmentSettings } from './environmentSettings';
import type { IPoolPageProps } from './poolPage';
import { UsageChart } from './usageChart';

type Tab = 'use' | 'settings';

export default function EnvironmentPage(props: IPoolPageProps): JSX.Element {
  const { valo, id = '' } = props;
  const create = useCallback(() => new EnvironmentModel(valo.api.pool, id), [valo, id]);
  const model = useOwned(create);
  return model ? <Page {...props} model={model} /> : <></>;
}

function Page(props: IPoolPageProps & { model: EnvironmentModel }): JSX.Element {
  const trans = useTrans();
  const { valo, model, visible, actions, onTitle, onDirty } = props;
  const { account } = valo;
  useModel(model, account);
  useLook(visible ? model : null);
  useEffect(() => void account.load(), [account]);
  const readOnly = useReadOnly(account);
  const [tab, setTab] = useState<Tab>('use');
  // here, so that a look at the machines loses nothing
  const [draft, setDraft] = useState<SettingsDraft>({});
  const [busy, setBusy] = useState(false);
  const { trial, start, close } = useTrial(props, model.id);
  const { environment } = model;
  const name = environment?.name;
  const dirty = Object.keys(draft).length > 0;
  useEffect(() => {
    if (name) {
      onTitle(name);
    }
  }, [name, onTitle]);
  useEffect(() => onDirty(dirty), [dirty, onDirty]);

  if (!environment) {
    return model.error ? (
      <Message kind="error" title={trans.__('This environment cannot be shown')} text={model.error.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
          {trans.__('Try again')}
        </button>
      </Message>
    ) : (
      <Message kind="busy" title={trans.__('Loading the environment…')} />
    );
  }
  const change = async (changes: EnvironmentChanges) => {
    setBusy(true);
    await model.save(changes).catch(actions.failed);
    setBusy(false);
  };
  const remove = async () => {
    if (await askDelete(trans, model).catch(actions.failed)) {
      void valo.environments.refresh();
      props.onClose();
    }
  };
  return (
    <>
      <EnvironmentHeader
        environment={environment}
        problem={model.problem}
        readOnly={readOnly}
        busy={busy}
        testing={trial !== null && !trial.ended}
        onEnable={enabled => void change({ enabled })}
        onDefault={() => void change({ default: true })}
        onTest={() => start({})}
      />
      {model.error && <p className="valo-Stale">{trans.__('Not up to date: %1', model.error.message)}</p>}
      {trial && <TrialView {...trialState(trial)} onClose={close} />}
      <Tabs<Tab>
        label={trans.__('About this environment')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'use', label: trans.__('Machines') },
          { id: 'settings', label: dirty ? trans.__('Settings, not saved') : trans.__('Settings') }
        ]}
      >
        {tab === 'use' ? (
          <Use {...props} />
        ) : (
          <EnvironmentSettings
            api={valo.api.pool}
            environment={environment}
            draft={draft}
            onDraft={setDraft}
            readOnly={readOnly}
            testing={trial !== null && !trial.ended}
            onSave={changes => model.save(changes)}
            onTest={start}
            onDelete={() => void remove()}
            onRegistries={actions.openRegistries}
          />
        )}
      </Tabs>
    </>
  );
}

function Use(props: IPoolPageProps & { model: EnvironmentModel }): JSX.Element {
  const trans = useTrans();
  const { model, actions, renderers } = props;
  const periods: [number, string][] = [
    [60, trans.__('last hour')],
    [360, trans.__('last 6 hours')],
    [1440, trans.__('last day')],
    [10_080, trans.__('last week')]
  ];
  const stop = (execution: { id: string }) => void actions.stopExecution(execution).then(() => model.refresh());
  return (
    <div className="valo-Use">
      <section className="valo-Facts">
        <h3>{trans.__('Machines')}</h3>
        <MachineTable machines={model.machines} onOpen={actions.openExecution} />
      </section>
      <section className="valo-Facts">
        <h3>{trans.__('In line')}</h3>
        <QueueTable queue={model.queue} count={model.queueCount} onOpen={actions.openExecution} onStop={stop} />
      </section>
      <section className="valo-Facts">
        <h3>
          {trans.__('Over time')}{' '}
          <select
            className="valo-Select"
            aria-label={trans.__('How far back')}
            value={model.minutes}
            onChange={event => (model.minutes = Number(event.target.value))}
          >
            {periods.map(([minutes, label]) => (
              <option key={minutes} value={minutes}>
                {label}
              </option>
            ))}
          </select>
        </h3>
        {model.history.length > 0 ? (
          <>
            <UsageChart history={model.history} minutes={model.minutes} renderers={renderers} />
            <UsageTable history={model.history} />
          </>
        ) : (
          <p className="valo-Quiet">{trans.__('It was not used in this time.')}</p>
        )}
      </section>
    </div>
  );
}

/** The test that is shown; another one takes its place. */
export function useTrial(props: Pick<IPoolPageProps, 'valo'>, environment: string | null) {
  const { valo } = props;
  const [trial, setTrial] = useState<Trial | null>(null);
  useModel(trial);
  useEffect(() => () => trial?.dispose(), [trial]);
  const start = useCallback(
    (body: EnvironmentChanges) => {
      const started = new Trial(valo.api.pool, environment, body);
      setTrial(started);
      void started.run();
    },
    [valo, environment]
  );
  const close = useCallback(() => setTrial(null), []);
  return { trial, start, close };
}

export function trialState({ status, steps, hardware, error }: Trial) {
  return { status, steps, hardware, error };
}
