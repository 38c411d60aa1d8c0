/** The Outputs tab. */
import { ENDED } from '../api/types';
import { OutputsView } from '../components/OutputsView';
import type { ITabProps } from './detail';
import { previewOf } from './filePreview';
import { saveUrl } from './save';

export default function OutputsTab(props: ITabProps): JSX.Element {
  const { model, execution, failed, renderers } = props;
  const { data } = model.api;
  return (
    <OutputsView
      outputs={execution.outputs}
      running={!ENDED.has(execution.status)}
      onDownload={file =>
        void data.downloadUrl(file.id).then(url => saveUrl(url, file.name.split('/').pop() ?? file.name), failed)
      }
      onBring={async () => {
        const answer = await data.bringToStore(execution.id);
        await model.refresh();
        return answer;
      }}
      preview={file => previewOf({ api: data, file, renderers })}
    />
  );
}
