/** A trace with its controls: how far, which way, as a picture or as a list. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { layout, Graph } from '@dagrejs/dagre';
import type { DataAPI } from '../api/data';
import type { ITrace, ITraced, ITraceNode } from '../api/dataTypes';
import { useModel, useOwned } from '../components/hooks';
import { Message } from '../components/Message';
import { TraceGraph, TraceList } from '../components/TraceGraph';
import { useTrans } from '../components/trans';
import { pictureOf, TraceModel, type Direction, type IPicture } from '../model/trace';

const DEPTHS = [1, 3, 6, 12];
/** Beyond so many nodes a picture says less than a list. */
const DRAWN = 400;

export interface ITraceProps {
  api: DataAPI;
  of: ITraced;
  onOpen: (node: ITraceNode) => void;
  /** Another revision of what is traced: ask again. */
  revision?: number;
}

export function TraceView(props: ITraceProps): JSX.Element {
  const { api } = props;
  const { type, id } = props.of;
  const model = useOwned(useCallback(() => new TraceModel(api, { type, id }), [api, type, id]));
  return model ? <View {...props} model={model} /> : <></>;
}

function View(props: ITraceProps & { model: TraceModel }): JSX.Element {
  const trans = useTrans();
  const { model, of, onOpen, revision } = props;
  const [asList, setAsList] = useState(false);
  useModel(model);
  useEffect(() => void model.refresh(), [model, revision]);
  const { trace, error, depth, direction, loading } = model;
  const many = trace !== null && trace.nodes.length > DRAWN;
  const picture = usePicture(many ? null : trace);
  if (!trace || !(picture || many)) {
    return error ? (
      <Message kind="error" title={trans.__('The trace cannot be shown')} text={error.message}>
        <button type="button" className="jp-mod-styled valo-Button" onClick={() => void model.refresh()}>
          {trans.__('Try again')}
        </button>
      </Message>
    ) : (
      <Message kind="busy" title={trans.__('Loading the trace…')} />
    );
  }
  return (
    <div className="valo-TraceView">
      <div className="valo-Bar">
        <label>
          {trans.__('Direction')}{' '}
          <select
            className="valo-Select"
            value={direction}
            onChange={event => (model.direction = event.target.value as Direction)}
          >
            <option value="both">{trans.__('both ways')}</option>
            <option value="back">{trans.__('where it comes from')}</option>
            <option value="forth">{trans.__('what came of it')}</option>
          </select>
        </label>
        <label>
          {trans.__('Steps')}{' '}
          <select className="valo-Select" value={depth} onChange={event => (model.depth = Number(event.target.value))}>
            {DEPTHS.map(steps => (
              <option key={steps} value={steps}>
                {steps}
              </option>
            ))}
          </select>
        </label>
        {!many && (
          <button type="button" className="valo-Chip" aria-pressed={asList} onClick={() => setAsList(!asList)}>
            {trans.__('As a list')}
          </button>
        )}
        <span className="valo-Quiet" role="status">
          {loading
            ? trans.__('Loading…')
            : trace.truncated
              ? trans.__(
                  'The nearest %1; there is more. Take fewer steps, or go on from one of them.',
                  trace.nodes.length
                )
              : many
                ? trans.__('%1 of them: too many for a picture. Take fewer steps for one.', trace.nodes.length)
                : ''}
        </span>
      </div>
      {error && <p className="valo-Stale">{trans.__('Not up to date: %1', error.message)}</p>}
      {asList || !picture ? (
        <TraceList trace={trace} of={of.id} onOpen={onOpen} />
      ) : (
        <TraceGraph picture={picture} of={of.id} onOpen={onOpen} />
      )}
    </div>
  );
}

/** The trace as a picture, laid out once for each answer. */
function usePicture(trace: ITrace | null): IPicture | null {
  return useMemo(() => trace && pictureOf(trace, { Graph, layout }), [trace]);
}
