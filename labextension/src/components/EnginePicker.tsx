/** Which engine makes the machines of a new environment. */
import type { IEngineKind } from '../api/pool';
import { EngineIcon } from './EngineIcon';
import { KindPicker } from './KindPicker';
import { useTrans } from './trans';

export function EnginePicker(props: {
  kinds: readonly IEngineKind[];
  chosen: string | null;
  disabled: boolean;
  onChoose: (kind: string) => void;
}): JSX.Element {
  const trans = useTrans();
  return (
    <KindPicker
      {...props}
      question={trans.__('Where do its machines come from?')}
      kinds={props.kinds.map(({ kind, tested, ...rest }) => ({
        ...rest,
        key: kind,
        icon: <EngineIcon engine={kind} />,
        note: tested === 'recorded' ? trans.__('Tested against recorded answers of the provider only.') : undefined
      }))}
    />
  );
}
