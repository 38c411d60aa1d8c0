/** What is clicked in the cards that `%valo` shows in cells opens here. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { opened } from '../model/cardLink';
import { IValo } from '../tokens';

export const cardsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'valo-jupyter:cards',
  description: 'Links of the cards that %valo shows.',
  autoStart: true,
  requires: [IValo],
  activate: ({ commands }: JupyterFrontEnd) => {
    document.body.addEventListener('click', event => {
      const link = event.target instanceof Element ? event.target.closest('.valo-card [data-valo-open]') : null;
      const command = opened(link?.getAttribute('data-valo-open') ?? null);
      if (command) {
        void commands.execute(command.id, command.args);
      }
    });
  }
};
