/**
 * An administrative verb: done once, here, and reached from the command line, the control socket and later the HTTP API
 * and web pages. Arguments and results are plain JSON values (bytes as base64), so that a verb runs in the server when
 * one is running and in the command's own process when none is.
 */
import type { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Dns } from '../contract/dns.ts';
import type { DoctorNetwork } from '../contract/doctor-network.ts';
import type { GuardControl } from '../contract/guard.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import type { MetricsSource } from '../contract/metrics.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import type { QueueControl } from '../contract/queue-control.ts';
import type { BrakeControl } from '../contract/sending-brake.ts';
import type { ShapingControl } from '../contract/shaping-control.ts';
import type { Store } from '../store/store.ts';
import type { DnsPublishing } from './dns/dns-publishing.ts';
import type { ReportInspection } from './inspection/report-inspection.ts';

export interface ManageContext {
  readonly store: Store;
  readonly config: Config;
  readonly dns: Dns;
  readonly clock: Clock;
  readonly log: Log;
  /** Present when the verb runs inside the server. */
  readonly queue?: QueueControl;
  readonly brake?: BrakeControl;
  readonly metrics?: MetricsSource;
  /** Log-ins that are still to be written down. */
  readonly logins?: { flush(): Promise<void> };
  readonly shaping?: ShapingControl;
  /** Absent where the network is out of reach. */
  readonly fetch?: HttpsFetch;
  /** Absent where the network is out of reach. */
  readonly publishing?: DnsPublishing;
  /** For examinations. Present when the verb runs inside the server. */
  readonly network?: DoctorNetwork;
  /** Present when the verb runs inside the server. */
  readonly guard?: GuardControl;
  /** Present when the verb runs inside the server. */
  readonly ownMail?: OwnMail;
  /** For reading reports of strangers. Present when the verb runs inside the server. */
  readonly inspection?: ReportInspection;
}

export interface Verb<Args = unknown, Result = unknown> {
  /** `noun.verb`, e.g. `account.add`. */
  readonly name: string;
  /** One line for help and documentation. */
  readonly summary: string;
  readonly args: z.ZodType<Args>;
  run(context: ManageContext, args: Args): Promise<Result>;
}

/**
 * A result without a bound: a JSON array that is made while it is read. Each piece is one element, in parts of JSON text
 * without line ends; over the control socket it has a line of its own, so that nobody must hold them all.
 */
export class JsonPieces {
  readonly pieces: AsyncIterable<readonly (string | Uint8Array)[]>;

  constructor(pieces: AsyncIterable<readonly (string | Uint8Array)[]>) {
    this.pieces = pieces;
  }
}

/** Keeps a verb's own argument and result types while it is put on the list. */
export function defineVerb<Args, Result>(verb: Verb<Args, Result>): Verb<Args, Result> {
  return verb;
}
