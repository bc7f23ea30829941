/**
 * Writes what was learnt to the store, together and soon after the first change; a store in trouble gets it with the next
 * change. Losing the last two seconds in a crash costs nothing: replies would teach the same again.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { LaneChange } from '../../contract/shaping-control.ts';
import type { LaneSave } from '../../store/clients/lanes.ts';
import type { Lane } from './lane.ts';
import { newStatus, type LaneStatus } from './lane-status.ts';
import type { MinuteCount } from './taken-meter.ts';
import { guessFromStored, storedGuess, type StoredGuess } from './window-guess.ts';
import type { WindowQuota } from './window-quota.ts';
import type { WindowRule } from './window-rule.ts';

export interface JournalPorts {
  readonly save: (batch: LaneSave) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Journal {
  readonly #ports: JournalPorts;
  readonly #dirty = new Set<Lane>();
  /** By source: what it sent on its latest day, all sites together. */
  #sent = new Map<string, { readonly day: number; readonly sent: number }>();
  #changes: LaneChange[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(ports: JournalPorts) {
    this.#ports = ports;
  }

  /** Figures or status of the lane differ from what is stored. */
  touch(lane: Lane): void {
    this.#dirty.add(lane);
    this.#arm();
  }

  sent(source: string, day: number, sent: number): void {
    this.#sent.set(source, { day, sent });
    this.#arm();
  }

  changed(lane: Lane, before: LaneStatus): void {
    this.touch(lane);
    const { state, since, why, rule } = lane.status;
    if (state === before.state) return;
    const { source, site, dkimDomain } = lane.key;
    this.#changes.push({ at: since, key: lane.key, from: before.state, to: state, why, rule });
    if (this.#changes.length > SHAPE_LIMITS.historyMax) this.#changes.shift();
    this.#ports.log.info('shaping.changed', { source, site, domain: dkimDomain, from: before.state, to: state, why, rule });
  }

  /** Resolves when all that was known at the call is stored, or was refused by the store. */
  flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  #arm(): void {
    this.#timer ??= this.#ports.clock.timer(SHAPE_LIMITS.saveEveryMs, () => void this.flush());
  }

  async #write(): Promise<void> {
    if (this.#dirty.size === 0 && this.#changes.length === 0 && this.#sent.size === 0) return;
    const sent = this.#sent;
    this.#sent = new Map();
    const lanes = [...this.#dirty];
    const changes = this.#changes;
    this.#dirty.clear();
    this.#changes = [];
    try {
      await this.#ports.save(batchOf(lanes, changes, sent, this.#ports.clock.now()));
    } catch (error) {
      this.#ports.log.warn('shaping.not-saved', { error: String(error), lanes: lanes.length });
      for (const lane of lanes) this.#dirty.add(lane);
      this.#sent = new Map([...sent, ...this.#sent]);
      this.#changes = [...changes, ...this.#changes].slice(-SHAPE_LIMITS.historyMax);
    }
  }
}

function batchOf(lanes: readonly Lane[], changes: readonly LaneChange[], sent: ReadonlyMap<string, { readonly day: number; readonly sent: number }>, now: number): LaneSave {
  const kept = lanes.filter((lane) => lane.isEventful(now));
  const gone = lanes.filter((lane) => !lane.isEventful(now));
  for (const lane of kept) lane.isStored = true;
  for (const lane of gone) lane.isStored = false;
  return {
    lanes: kept.map((lane) => ({ ...nameOf(lane), state: lane.status.state, since: lane.status.since, detail: detailOf(lane, now) })),
    gone: gone.map(nameOf),
    days: [
      ...[...sent].map(([source, figures]) => ({ source, site: '', ...figures, deferred: 0, complaints: 0 })),
      ...kept.filter((lane) => lane.key.dkimDomain === '').map((lane) => ({ source: lane.key.source, site: lane.key.site, day: lane.day, sent: lane.sentToday, deferred: lane.deferredToday, complaints: lane.complaintsToday })),
    ],
    changes,
  };
}

function nameOf({ key }: Lane) {
  return { source: key.source, site: key.site, domain: key.dkimDomain };
}

function detailOf({ status, taken }: Lane, now: number): string {
  const { windowQuota, ...rest } = status;
  const rules = windowQuota?.rules.map((rule) => ({ ...rule, guesses: rule.guesses.map(storedGuess) }));
  return JSON.stringify({ ...rest, ...(windowQuota && { windowQuota: { ...windowQuota, rules } }), taken: taken.counts(now) });
}

interface StoredLane {
  readonly status: LaneStatus;
  readonly taken: readonly MinuteCount[];
}

interface StoredQuota extends Omit<WindowQuota, 'rules'> {
  readonly rules?: readonly (Omit<WindowRule, 'guesses'> & { readonly guesses: readonly StoredGuess[] })[];
}

/** A stored status; undefined when it cannot be read: what was learnt is then learnt again. */
export function laneFromDetail(detail: string): StoredLane | undefined {
  try {
    // What an earlier version did not know begins as in a new lane.
    const { taken = [], windowQuota, ...stored } = JSON.parse(detail) as Omit<LaneStatus, 'windowQuota'> & { readonly windowQuota?: StoredQuota; readonly taken?: readonly MinuteCount[] };
    const rules = windowQuota?.rules?.map((rule) => ({ ...rule, guesses: rule.guesses.map(guessFromStored) }));
    const status: LaneStatus = { ...newStatus(0, false), ...stored, ...(windowQuota && rules && { windowQuota: { ...windowQuota, rules } }) };
    return typeof status.state === 'string' && typeof status.since === 'number' && typeof status.until === 'number' ? { status, taken } : undefined;
  } catch {
    return undefined;
  }
}
