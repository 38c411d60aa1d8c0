/** The environments below the executions, folded away until they are asked for. */
import { useEffect, useMemo } from 'react';
import { EnvironmentList } from '../components/EnvironmentList';
import { useLook, useModel } from '../components/hooks';
import { IconButton } from '../components/IconButton';
import { Section } from '../components/Section';
import { useTrans } from '../components/trans';
import type { IEnvironment } from '../api/types';
import type { IValo } from '../tokens';

export interface ISectionActions {
  openEnvironment: (environment: { id: string }) => void;
  newEnvironment: () => void;
  /** Shows what else there is, beside a button. */
  environmentsMenu: (anchor: HTMLElement) => void;
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
    <Section
      title={trans.__('Environments')}
      open={open}
      onToggle={onToggle}
      actions={
        <>
          {open && create && <IconButton icon="add" label={trans.__('New environment')} onClick={create} />}
          <IconButton
            icon="menu"
            menu
            label={trans.__('Environments, registries, settings')}
            onClick={event => actions.environmentsMenu(event.currentTarget)}
          />
        </>
      }
    >
      <EnvironmentList
        environments={model.environments}
        loaded={model.loaded}
        error={model.error}
        actions={rowActions}
        onRetry={() => void model.refresh()}
        onNew={create}
      />
    </Section>
  );
}
