/** What jsdom lacks and Lab's packages expect, and a clean document for each test. */
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): never[] {
    return [];
  }
}

Object.assign(globalThis, {
  CSS: { escape: (name: string) => name.replace(/[^\w-]/g, letter => `\\${letter}`) },
  DragEvent: class DragEvent extends Event {},
  ResizeObserver: Observer,
  IntersectionObserver: Observer,
  requestIdleCallback: (callback: () => void) => setTimeout(callback),
  matchMedia: (media: string) => ({
    media,
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    // what Lab's toolbars still call
    addListener: () => undefined,
    removeListener: () => undefined
  })
});

// a computer that does other things takes longer than a second to load a page's code
configure({ asyncUtilTimeout: 30_000 });

afterEach(cleanup);
