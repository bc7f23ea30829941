/** When the server last did what it does now and then. */
import type { StoreCall } from '../call.ts';

export interface ChoreStore {
  /** Milliseconds since 1970; undefined: never. */
  lastRunAt(name: string): Promise<number | undefined>;
  ran(name: string, at: number): Promise<void>;
}

export function createChoreStore(call: StoreCall): ChoreStore {
  return {
    lastRunAt: (name) => call('chores.lastRunAt', { name }),
    ran: (name, at) => call('chores.ran', { name, at }),
  };
}
