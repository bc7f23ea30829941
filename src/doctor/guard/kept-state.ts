/** What the guard remembers of one check of one subject, and what it has to say about it. Times are milliseconds since 1970. */
import type { Level } from '../check.ts';

/** Levels that say something. */
export type Known = Exclude<Level, 'unknown'>;

export interface KeptState {
  readonly check: string;
  /** Host name, address or domain. */
  readonly subject: string;
  /** What is believed, since it persisted. Undefined: never known. */
  readonly settled?: Known;
  /** When what is believed was first seen. */
  readonly since: number;
  /** What the postmaster takes to be so: told, or nothing to tell. Undefined: never known. */
  readonly told?: Known;
  /** A note said that it is bad: then its mending is told as well. */
  readonly reported: boolean;
  /** Something else was seen, and has to persist. */
  readonly doubt?: Doubt;
  /** The last that was known, believed or not. */
  readonly seen?: Known;
  /** When it turned better or worse, of the last days. */
  readonly turns: readonly number[];
  readonly unsteadyToldAt?: number;
  /** Cannot be told since. */
  readonly unknownSince?: number;
  readonly unknownTold?: boolean;
  readonly acknowledged?: Acknowledgement;
  readonly lastSeenAt: number;
}

export interface Doubt {
  readonly level: Known;
  readonly since: number;
  readonly sightings: number;
}

/** An administrator knows of it: silent until it is mended, or worse than it was then. */
export interface Acknowledgement {
  readonly at: number;
  readonly level: Known;
  readonly reason?: string;
}

/** What one examination says. */
export interface Sighting {
  readonly check: string;
  readonly subject: string;
  readonly level: Level;
}

export type NewsKind =
  /** Was good, or less bad. `from` absent: bad at the first look. */
  | 'worse'
  /** Failed, and is a warning now. */
  | 'better'
  | 'mended'
  | 'unsteady'
  /** Could not be told for days. */
  | 'unknown'
  /** Can be told again, and is as it was. */
  | 'known-again';

export interface News {
  readonly kind: NewsKind;
  readonly check: string;
  readonly subject: string;
  readonly from?: Known;
  readonly to: Level;
  /** When it was first seen so. */
  readonly since: number;
  /** With `unsteady`: turns in the last days. */
  readonly turns?: number;
}
