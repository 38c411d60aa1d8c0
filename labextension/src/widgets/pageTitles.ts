/** Tells the open pages apart: each project counts from #1, so where several are open, titles name them. */
import type { ExecutionPage } from './detail';

export class PageTitles {
  add(page: ExecutionPage): void {
    this._pages.add(page);
    page.model.stateChanged.connect(this._update, this);
    page.disposed.connect(() => {
      this._pages.delete(page);
      this._update();
    });
    this._update();
  }

  private _update(): void {
    const pages = [...this._pages];
    const projects = new Set(pages.flatMap(({ model }) => model.execution?.project.id ?? []));
    pages.forEach(page => (page.namesProject = projects.size > 1));
  }

  private _pages = new Set<ExecutionPage>();
}
