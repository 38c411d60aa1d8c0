/** How components follow models and the clock. */
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer, useState } from 'react';

/** Render again whenever one of the models changes. */
export function useModel(...models: ({ readonly stateChanged: ISignal<unknown, void> } | null)[]): void {
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const slot = () => render();
    models.forEach(model => model?.stateChanged.connect(slot));
    // what changed between rendering and here would else be missed
    render();
    return () => models.forEach(model => model?.stateChanged.disconnect(slot));
    // the models themselves are the dependencies
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, models);
}

/** Keep what a model shows up to date while the component stands. */
export function useLook(model: { look(): IDisposable } | null): void {
  useEffect(() => {
    const looking = model?.look();
    return () => looking?.dispose();
  }, [model]);
}

/** The time now; moves on every second while `running`. */
export function useNow(running: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) {
      return;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}

/** A model that lives as long as the component. `create` must be the same function as long as the same model is meant. */
export function useOwned<T extends IDisposable>(create: () => T): T | null {
  const [model, setModel] = useState<T | null>(null);
  useEffect(() => {
    const created = create();
    setModel(created);
    return () => created.dispose();
  }, [create]);
  return model;
}
