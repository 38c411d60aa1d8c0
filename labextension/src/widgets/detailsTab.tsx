/** The Details tab. */
import { DetailsView } from '../components/DetailsView';
import { useLook, useModel } from '../components/hooks';
import { CommandIDs } from '../tokens';
import type { ITabProps } from './detail';

export default function DetailsTab(props: ITabProps): JSX.Element {
  const { model, execution, failed, command, onShowCell } = props;
  const notebook = execution.notebook ? model.notebook : null;
  useModel(notebook);
  useLook(notebook);
  return (
    <DetailsView
      execution={execution}
      codeUrl={model.api.codeUrl(execution.id)}
      cells={notebook?.cells ?? []}
      onShowCell={onShowCell}
      onGoToCell={() => command(CommandIDs.goToCell, { id: execution.id })}
      onTags={tags => void model.setTags(tags).catch(failed)}
    />
  );
}
