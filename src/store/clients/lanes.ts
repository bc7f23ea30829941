/** What shaping keeps over restarts, and the pauses that people ordered. */
import type { LaneChange, Pause } from '../../contract/shaping-control.ts';
import type { StoreCall } from '../call.ts';
import type { LaneSave, ShapeMemory } from '../ops/lanes.ts';

export type { LaneDayRow, LaneRow, LaneSave, ShapeMemory } from '../ops/lanes.ts';

export interface LaneStore {
  /** `now` in milliseconds since 1970: figures of that day and the one before come along. */
  load(now: number): Promise<ShapeMemory>;
  save(batch: LaneSave): Promise<void>;
  /** Changes of state, the latest first; of one source, or of all (''). */
  history(source: string, limit: number): Promise<readonly LaneChange[]>;
  pauses(): Promise<readonly Pause[]>;
  pause(pause: Pause): Promise<void>;
  /** False when there was none. */
  resume(kind: Pause['kind'], name: string): Promise<boolean>;
}

const DAY_MS = 86_400_000;

export function createLaneStore(call: StoreCall): LaneStore {
  return {
    load: (now) => call('lanes.load', { day: Math.floor(now / DAY_MS) }),
    save: (batch) => call('lanes.save', batch),
    history: (source, limit) => call('lanes.history', { source, limit }),
    pauses: () => call('lanes.pauses', undefined),
    pause: (pause) => call('lanes.pause', pause),
    resume: (kind, name) => call('lanes.resume', { kind, name }),
  };
}
