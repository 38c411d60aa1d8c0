/** Where a link of a card leads; cards are outputs of cells, so nothing of them is taken on trust. */
import { CommandIDs } from '../tokens';

const TABS = ['details', 'notebook', 'log', 'metadata', 'outputs', 'trace'];
const LINK = /^(execution|datum):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::([a-z]+))?$/;

/** The command for `execution:<id>`, `execution:<id>:<tab>` or `datum:<id>`; null for anything else. */
export function opened(link: string | null): { id: string; args: Record<string, string> } | null {
  const [, kind, id, tab] = LINK.exec(link ?? '') ?? [];
  if (kind === 'datum') {
    return { id: CommandIDs.data, args: { open: id } };
  }
  if (kind === 'execution' && (tab === undefined || TABS.includes(tab))) {
    return { id: CommandIDs.open, args: { id, ...(tab && { tab }) } };
  }
  return null;
}
