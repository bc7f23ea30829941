/** What people can see of shaping, and order: the answers of `posthorn ip`, of metrics, and of pauses. */
import type { LaneKey, LaneState } from './sending.ts';

export interface Pause {
  readonly kind: 'site' | 'source' | 'sender';
  /** Key of the site, address of ours, sender address or domain. */
  readonly name: string;
  /** Milliseconds since 1970; absent: until it is resumed. */
  readonly until?: number;
  /** '' when none was given. */
  readonly reason: string;
  readonly createdAt: number;
}

/** One lane as people see it. Times are milliseconds since 1970. */
export interface LaneView {
  readonly key: LaneKey;
  readonly state: LaneState;
  readonly since: number;
  /** One sentence. */
  readonly why: string;
  /** Of the reply that caused the state. */
  readonly rule?: string;
  /** One sentence: what happens next, and when. */
  readonly next: string;
  readonly nextChangeAt?: number;
  /** While it rests: when a letter, which is not bulk, may try all the same; absent: not before `nextChangeAt`. */
  readonly lettersAt?: number;
  /** Messages a minute and deliveries at once that it may have; absent: no limit but the site's. */
  readonly perMinute?: number;
  readonly connections?: number;
  /** Messages that may go within so many milliseconds, as far as the site showed; absent: not learnt. */
  readonly quota?: { readonly messages: number; readonly withinMs: number };
  /** The same when it is a day. */
  readonly perDay?: number;
  readonly inFlight: number;
  /** Of this UTC day. */
  readonly sentToday: number;
  readonly deferredToday: number;
  readonly complaintsToday: number;
  /** Of warm-up. */
  readonly limitToday?: number;
  /** Share of temporary refusals among the latest results; absent while there are few. */
  readonly deferredShare?: number;
}

export interface SiteView {
  readonly key: string;
  readonly title: string;
  readonly inFlight: number;
  /** Deliveries at once that it gets now, and may get. */
  readonly connections: number;
  readonly connectionsMax: number;
  /** Present while it cannot be reached. */
  readonly unreachable?: { readonly until: number; readonly error: string };
}

export interface SourceView {
  /** '' when the system chooses. */
  readonly address: string;
  readonly helo: string;
  readonly pool: string;
  readonly weight: number;
  readonly standby: boolean;
  readonly warm: boolean;
  readonly sentToday: number;
  readonly sentYesterday: number;
}

/** A change of a lane's state. */
export interface LaneChange {
  readonly at: number;
  readonly key: LaneKey;
  readonly from: LaneState;
  readonly to: LaneState;
  readonly why: string;
  readonly rule: string;
}

export interface ShapingControl {
  sources(): readonly SourceView[];
  /** Of one source, or of all: those with anything to tell, and those in use. */
  lanes(source?: string): readonly LaneView[];
  sites(): readonly SiteView[];
  pauses(): readonly Pause[];
  /** In force at once, also after a restart when it resolves. */
  pause(pause: Pause): Promise<void>;
  /** False when there was none. */
  resume(kind: Pause['kind'], name: string): Promise<boolean>;
  /** Opens lanes of a source that rest: cautiously, as after a rest. Returns how many. */
  reopen(source: string, site?: string): Promise<number>;
  /** What was learnt is in the store when it resolves. */
  flush(): Promise<void>;
}
