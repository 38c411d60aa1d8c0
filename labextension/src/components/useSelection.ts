/** Which executions of a list are selected: one by one, or from the one chosen last to another. */
import { useCallback, useMemo, useRef, useState } from 'react';
import type { IExecution } from '../api/types';

export interface ISelection {
  /** Those that are still in the list, in its order. */
  selected: readonly IExecution[];
  select: (index: number, how: 'toggle' | 'range') => void;
  selectAll: () => void;
  clear: () => void;
}

export function useSelection(executions: readonly IExecution[]): ISelection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const from = useRef<string | null>(null);
  const rows = useRef(executions);
  rows.current = executions;
  const select = useCallback((index: number, how: 'toggle' | 'range') => {
    const all = rows.current;
    const target = all[index];
    if (!target) {
      return;
    }
    const start = how === 'range' ? all.findIndex(({ id }) => id === from.current) : -1;
    setIds(before => {
      const next = new Set(before);
      if (start >= 0) {
        all.slice(Math.min(start, index), Math.max(start, index) + 1).forEach(({ id }) => next.add(id));
      } else if (!next.delete(target.id)) {
        next.add(target.id);
      }
      return next;
    });
    if (start < 0) {
      from.current = target.id;
    }
  }, []);
  const selectAll = useCallback(() => setIds(new Set(rows.current.map(({ id }) => id))), []);
  const clear = useCallback(() => setIds(new Set()), []);
  const selected = useMemo(() => (ids.size ? executions.filter(({ id }) => ids.has(id)) : []), [executions, ids]);
  return { selected, select, selectAll, clear };
}
