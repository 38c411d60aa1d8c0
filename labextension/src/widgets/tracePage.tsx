/** The page of a trace. */
import { useEffect, useState } from 'react';
import type { ITraced } from '../api/dataTypes';
import { Message } from '../components/Message';
import { useTrans } from '../components/trans';
import type { IDataPageProps } from './dataPage';
import { openNode } from './openNode';
import { TraceView } from './traceView';

export default function TracePage(props: IDataPageProps): JSX.Element {
  const trans = useTrans();
  const { of } = props;
  return of ? <Page {...props} of={of} /> : <Message title={trans.__('Nothing to trace')} />;
}

function Page(props: IDataPageProps & { of: ITraced }): JSX.Element {
  const trans = useTrans();
  const { valo, of, actions, onTitle } = props;
  const [name, setName] = useState('');
  useEffect(() => {
    const named =
      of.type === 'datum'
        ? valo.api.data.datum(of.id).then(datum => datum.name)
        : valo.api.execution(of.id).then(({ counter, title }) => `#${counter} ${title}`);
    // a trace without its name is still one
    named.then(setName, () => undefined);
  }, [valo, of]);
  useEffect(() => {
    if (name) {
      onTitle(trans.__('Trace of %1', name));
    }
  }, [name, onTitle, trans]);
  return (
    <>
      <div className="valo-Header">
        <h2 className="valo-Header-title">{name ? trans.__('Trace of %1', name) : trans.__('Trace')}</h2>
      </div>
      <TraceView api={valo.api.data} of={of} onOpen={node => openNode(node, actions)} />
    </>
  );
}
