/** What a thread keeps in memory of something that is small and asked for with every message, until any thread changes it. */
import type { ChangeCount } from '../change-counts.ts';

export interface KeptCopy<Value> {
  /** As of the last change that was counted; what could not be loaded is loaded again by the next question. */
  current(): Promise<Value>;
  /** Counts a change, also one that failed: if its answer was lost, it may have been committed. */
  changing(change: Promise<void>): Promise<void>;
}

export function keepCopy<Value>(changes: ChangeCount, load: () => Promise<Value>): KeptCopy<Value> {
  let kept: { readonly version: number; readonly value: Promise<Value> } | undefined;
  return {
    current: () => {
      if (kept?.version === changes.value) return kept.value;
      // The version is read before the rows, so that a change in between loads once too often rather than never.
      const entry = { version: changes.value, value: load() };
      kept = entry;
      entry.value.catch(() => {
        if (kept === entry) kept = undefined;
      });
      return entry.value;
    },
    changing: async (change) => {
      try {
        await change;
      } finally {
        changes.increase();
      }
    },
  };
}
