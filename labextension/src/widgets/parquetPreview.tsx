/** The first rows of a parquet file; of the file only its footer and those rows' group are read. */
import { parquetMetadataAsync, parquetReadObjects, parquetSchema } from 'hyparquet';
import { readParts } from '../api/files';
import { formatBytes, formatNumber } from '../components/format';
import { PreviewTable, ROWS } from '../components/PreviewTable';
import { useTrans } from '../components/trans';
import { useContent, type IPreviewProps } from './filePreview';

/** Columns beyond these are only counted. */
const COLUMNS = 100;

interface IHead {
  names: string[];
  columns: number;
  rows: string[][];
  count: number;
}

export default function ParquetPreview(props: IPreviewProps): JSX.Element {
  const trans = useTrans();
  const { api, file } = props;
  const { value, state } = useContent<IHead>(
    async signal => {
      const parts = readParts(api, file, signal);
      const metadata = await parquetMetadataAsync(parts);
      const all = parquetSchema(metadata).children.map(({ element }) => element.name);
      const names = all.slice(0, COLUMNS);
      const objects = await parquetReadObjects({ file: parts, metadata, columns: names, rowStart: 0, rowEnd: ROWS });
      return {
        names,
        columns: all.length,
        rows: objects.map(object => names.map(name => shown(object[name]))),
        count: Number(metadata.num_rows)
      };
    },
    [api, file.id]
  );
  if (!value) {
    return state;
  }
  const { names, columns, rows, count } = value;
  return (
    <>
      <p className="valo-Quiet">
        {trans.__('%1 rows, %2 columns, %3', count.toLocaleString(), columns, formatBytes(file.size))}
      </p>
      <PreviewTable head={names} rows={rows} count={count} />
    </>
  );
}

function shown(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return formatNumber(value);
    case 'object':
      return value === null
        ? ''
        : value instanceof Date
          ? value.toISOString()
          : JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item));
    case 'undefined':
      return '';
    default:
      return String(value);
  }
}
