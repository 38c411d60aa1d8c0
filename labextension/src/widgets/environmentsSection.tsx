/** The environments below the executions, folded away until they are asked for. */
import { useId, useEffect, useMemo } from 'react';
import { EnvironmentList } from '../components/EnvironmentList';
import { useLook, useModel } from '../components/hooks';
import { useTrans } from '../components/trans';
import type { IEnvironment } from '../api/types';
import type { IValo } from '../tokens';

export interface ISectionActions {
  openEnvironment: (environment: { id: string }) => void;
  newEnvironment: () => void;
  /** Shows what else there is, beside a button. */
  menu: (anchor: HTMLElement) => void;
}

export function EnvironmentsSection(props: {
  valo: IValo;
  /** Whether the sidebar is looked at. */
  visible: boolean;
  open: boolean;
  actions: ISectionActions;
  onToggle: (open: boolean) => void;
}): JSX.Element {
  const trans = useTrans();
  const id = useId();
  const { valo, visible, open, actions, onToggle } = props;
  const { environments: model, account, server } = valo;
  useModel(model, account);
  useLook(visible && open && server.reachable ? model : null);
  useEffect(() => {
    if (visible && open && server.reachable) {
      void account.load();
    }
  }, [account, visible, open, server.reachable]);
  const rowActions = useMemo(
    () => ({
      open: actions.openEnvironment,
      machines: async (environment: IEnvironment) => (await valo.api.pool.machines(environment.id)).results
    }),
    [actions, valo]
  );
  const create = account.mayWrite ? actions.newEnvironment : null;
  return (
    <section className="valo-Section" data-open={open || undefined}>
      <div className="valo-Section-head">
        <button
          type="button"
          className="valo-Section-toggle"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => onToggle(!open)}
        >
          <span className="valo-Output-arrow" aria-hidden="true" />
          {trans.__('Environments')}
        </button>
        {open && create && (
          <button
            type="button"
            className="valo-Icon"
            title={trans.__('New environment')}
            aria-label={trans.__('New environment')}
            onClick={create}
          >
            <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
              <path d="M8 3v10M3 8h10" />
            </svg>
          </button>
        )}
        <button
          type="button"
          className="valo-Icon"
          title={trans.__('Environments, registries, settings')}
          aria-label={trans.__('Environments, registries, settings')}
          aria-haspopup="menu"
          onClick={event => actions.menu(event.currentTarget)}
        >
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M4 8h.01M8 8h.01M12 8h.01" />
          </svg>
        </button>
      </div>
      {open && (
        <div className="valo-Section-body" id={id}>
          <EnvironmentList
            environments={model.environments}
            loaded={model.loaded}
            error={model.error}
            actions={rowActions}
            onRetry={() => void model.refresh()}
            onNew={create}
          />
        </div>
      )}
    </section>
  );
}
