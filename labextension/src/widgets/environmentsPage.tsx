/** All environments, one a line. */
import { useEffect, useMemo } from 'react';
import { EnvironmentList } from '../components/EnvironmentList';
import { useLook, useModel } from '../components/hooks';
import { useTrans } from '../components/trans';
import type { IPoolPageProps } from './poolPage';

export default function EnvironmentsPage(props: IPoolPageProps): JSX.Element {
  const trans = useTrans();
  const { valo, visible, actions } = props;
  const { environments: model, account } = valo;
  useModel(model, account);
  useLook(visible ? model : null);
  useEffect(() => void account.load(), [account]);
  const rowActions = useMemo(
    () => ({
      open: actions.openEnvironment,
      machines: async ({ id }: { id: string }) => (await valo.api.pool.machines(id)).results
    }),
    [actions, valo]
  );
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{trans.__('Environments')}</h2>
        <span className="valo-Header-actions">
          <button type="button" className="jp-mod-styled valo-Button" onClick={actions.openRegistries}>
            {trans.__('Registries')}
          </button>
          {account.mayWrite && (
            <button type="button" className="jp-mod-styled jp-mod-accept valo-Button" onClick={actions.newEnvironment}>
              {trans.__('New environment')}
            </button>
          )}
        </span>
      </div>
      <div className="valo-PageBody valo-Environments">
        <EnvironmentList
          environments={model.environments}
          loaded={model.loaded}
          error={model.error}
          actions={rowActions}
          wide
          onRetry={() => void model.refresh()}
          onNew={account.mayWrite ? actions.newEnvironment : null}
        />
      </div>
    </>
  );
}
