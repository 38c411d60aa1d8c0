/** A new environment: choose an engine, fill in its settings, test them, create it. */
import { useEffect, useState } from 'react';
import { EnginePicker } from '../components/EnginePicker';
import { useModel } from '../components/hooks';
import { Message } from '../components/Message';
import { useReadOnly } from '../components/readOnly';
import { useTrans } from '../components/trans';
import { TrialView } from '../components/TrialView';
import type { SettingsDraft } from '../model/settings';
import { trialState, useTrial } from './environmentPage';
import { EnvironmentSettings, useEngines } from './environmentSettings';
import type { IPoolPageProps } from './poolPage';

export default function NewEnvironmentPage(props: IPoolPageProps): JSX.Element {
  const trans = useTrans();
  const { valo, actions, onClose, onDirty } = props;
  const { account } = valo;
  useModel(account);
  useEffect(() => void account.load(), [account]);
  const readOnly = useReadOnly(account);
  const { kinds, loaded, failure } = useEngines(valo.api.pool);
  const [engine, setEngine] = useState<string | null>(null);
  const [draft, setDraft] = useState<SettingsDraft>({});
  const { trial, start, close } = useTrial(props, null);
  const dirty = Object.keys(draft).length > 0;
  useEffect(() => onDirty(dirty), [dirty, onDirty]);
  if (readOnly) {
    return <Message title={trans.__('You cannot make an environment')} text={readOnly} />;
  }
  if (!loaded) {
    return failure ? (
      <Message kind="error" title={trans.__('The engines cannot be shown')} text={failure} />
    ) : (
      <Message kind="busy" title={trans.__('Loading…')} />
    );
  }
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('New environment')}</h2>
      </div>
      {trial && <TrialView {...trialState(trial)} onClose={close} />}
      <div className="valo-PageBody">
        <EnginePicker kinds={kinds} chosen={engine} disabled={false} onChoose={setEngine} />
        {engine !== null && (
          <EnvironmentSettings
            key={engine}
            api={valo.api.pool}
            environment={null}
            engine={engine}
            draft={draft}
            onDraft={setDraft}
            readOnly={null}
            testing={trial !== null && !trial.ended}
            onSave={async changes => {
              const created = await valo.api.pool.createEnvironment({ ...changes, engine });
              void valo.environments.refresh();
              actions.openEnvironment(created);
              onClose();
            }}
            onTest={start}
            onRegistries={actions.openRegistries}
          />
        )}
      </div>
    </>
  );
}
