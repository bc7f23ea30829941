/** What all connections of a frame share, so that each has one reference to it. */
import type { SecureContext } from 'node:tls';
import type { Deadlines } from './deadlines.ts';
import type { FlushDesk } from './flush-desk.ts';
import type { ReceivedStore } from './received-bytes.ts';
import type { SessionCounts } from './session-counts.ts';

export interface SessionHost {
  readonly deadlines: Deadlines;
  readonly flushDesk: FlushDesk;
  readonly counts: SessionCounts;
  readonly received: ReceivedStore;
  /** Undefined: no certificate. Asked anew for each handshake, so that a reload takes effect. */
  readonly secureContext: () => SecureContext | undefined;
}
