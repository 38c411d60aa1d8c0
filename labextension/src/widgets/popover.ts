/** A panel beside a button: closed by Escape or a click elsewhere, focus goes in and back. */
import type { Message } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';

const GAP = 4;

export class Popover extends Panel {
  constructor(
    content: Widget,
    private _anchor: Element,
    label: string
  ) {
    super();
    this.addClass('valo-Popover');
    this.node.setAttribute('role', 'dialog');
    this.node.setAttribute('aria-label', label);
    this.node.tabIndex = -1;
    this.addWidget(content);
    this._observer = new ResizeObserver(() => this._place());
  }

  open(): void {
    Widget.attach(this, document.body);
    this.node.focus();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    const hadFocus = this.node.contains(document.activeElement);
    super.dispose();
    if (hadFocus && this._anchor instanceof HTMLElement) {
      this._anchor.focus();
    }
  }

  handleEvent(event: Event): void {
    if (event.type === 'keydown' && (event as KeyboardEvent).key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      this.dispose();
    } else if (event.type === 'pointerdown' && !this.node.contains(event.target as Node)) {
      this.dispose();
    } else if (event.type === 'resize') {
      this._place();
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.node.addEventListener('keydown', this);
    document.addEventListener('pointerdown', this, true);
    window.addEventListener('resize', this);
    this._observer.observe(this.node);
    this._place();
  }

  protected onBeforeDetach(message: Message): void {
    this._observer.disconnect();
    this.node.removeEventListener('keydown', this);
    document.removeEventListener('pointerdown', this, true);
    window.removeEventListener('resize', this);
    super.onBeforeDetach(message);
  }

  /** Below the anchor, inside the window. */
  private _place(): void {
    const anchor = this._anchor.getBoundingClientRect();
    const own = this.node.getBoundingClientRect();
    const left = Math.max(GAP, Math.min(anchor.left, window.innerWidth - own.width - GAP));
    const top = anchor.bottom + GAP;
    this.node.style.left = `${left}px`;
    this.node.style.top = `${top}px`;
    this.node.style.maxHeight = `${window.innerHeight - top - 2 * GAP}px`;
  }

  private _observer: ResizeObserver;
}
