/** What can be done with an execution, as the menu of its mark and of its row. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';
import { ENDED, type IExecution } from '../api/types';
import { CommandIDs } from '../tokens';

export function openExecutionMenu(
  app: CommandRegistry,
  trans: TranslationBundle,
  execution: IExecution,
  anchor: HTMLElement,
  at?: { x: number; y: number }
): void {
  const { id, notebook, error, status } = execution;
  const ended = ENDED.has(status);
  // commands of its own: their labels are of this menu
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  menu.addClass('valo-ExecutionMenu');
  menu.title.label = `#${execution.counter}`;
  const add = (label: string, command: string, args: ReadonlyPartialJSONObject = {}) => {
    const name = `${command}:${menu.items.length}`;
    commands.addCommand(name, { label, execute: () => app.execute(command, { id, ...args }) });
    menu.addItem({ command: name });
  };
  const line = () => menu.addItem({ type: 'separator' });

  add(trans.__('Details'), CommandIDs.open, { tab: 'details' });
  add(trans.__('Log'), CommandIDs.open, { tab: 'log' });
  add(trans.__('Metadata'), CommandIDs.open, { tab: 'metadata' });
  add(trans.__('Outputs'), CommandIDs.open, { tab: 'outputs' });
  if (notebook) {
    add(trans.__('Executed notebook'), CommandIDs.open, { tab: 'notebook' });
  }
  if (notebook && error?.code_cell) {
    add(trans.__('Go to the failing cell'), CommandIDs.goToCell, {});
  }
  line();
  if (!ended) {
    add(trans.__('Stop'), CommandIDs.stop);
  }
  add(trans.__('Run again'), CommandIDs.rerun);
  add(trans.__('Run again with changes…'), CommandIDs.rerunForm);
  add(trans.__('Tags…'), CommandIDs.tag);
  if (ended) {
    add(trans.__('Delete…'), CommandIDs.remove);
  }
  const byKeyboard = !at;
  menu.aboutToClose.connect(() => {
    // what is chosen moves it on from there
    anchor.focus();
    requestAnimationFrame(() => menu.dispose());
  });
  const { left, bottom } = anchor.getBoundingClientRect();
  menu.open(at?.x ?? left, at?.y ?? bottom);
  if (byKeyboard) {
    menu.activeIndex = 0;
  }
}
