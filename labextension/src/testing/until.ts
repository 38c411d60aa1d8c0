/** Waits for what must come true, as long as a busy machine may need. */
import { vi } from 'vitest';

export function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000, interval: 20 });
}
