/** The Outputs tab. */
import { ENDED } from '../api/types';
import { OutputsView } from '../components/OutputsView';
import { previewKind } from '../model/preview';
import type { ITabProps } from './detail';
import { FilePreview } from './filePreview';
import { saveUrl } from './save';

export default function OutputsTab(props: ITabProps): JSX.Element {
  const { model, execution, failed } = props;
  const { api } = model;
  return (
    <OutputsView
      outputs={execution.outputs}
      running={!ENDED.has(execution.status)}
      onDownload={file =>
        void api.downloadUrl(file.id).then(url => saveUrl(url, file.name.split('/').pop() ?? file.name), failed)
      }
      preview={file => {
        const kind = previewKind(file.name, file.size);
        return kind && <FilePreview key={file.id} api={api} file={file} kind={kind} />;
      }}
    />
  );
}
