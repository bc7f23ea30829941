/** Where mail ended up in mailboxes of our own at providers (seed accounts). */
import type { Stream } from './sending.ts';

/** `tab`: shown, but aside, as in Gmail's Promotions; `missing`: in no folder long after the provider took it. */
export type Place = 'waiting' | 'inbox' | 'tab' | 'spam' | 'other' | 'missing';

export interface Placement {
  readonly seed: string;
  readonly messageId: string;
  readonly queueId: string;
  readonly stream: Stream;
  /** Domain of the author (From). */
  readonly fromDomain: string;
  /** Sent to find out, not by a user. */
  readonly test: boolean;
  /** When the provider took it, milliseconds since 1970. */
  readonly sentAt: number;
  readonly place: Place;
  /** As the provider calls it; '' while it is waited for. */
  readonly folder: string;
  /** By the provider's clock. */
  readonly arrivedAt?: number;
  readonly foundAt?: number;
  /** What the provider wrote into Authentication-Results; '' when it wrote nothing. */
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
}

export interface Seed {
  readonly address: string;
  /** Words of the user, or the domain. */
  readonly provider: string;
  readonly host: string;
  readonly port: number;
  readonly security: 'implicit' | 'starttls' | 'none';
  readonly username: string;
  readonly kind: 'password' | 'token';
  /** Milliseconds since 1970. */
  readonly addedAt: number;
  readonly readAt?: number;
  /** Why it could not be read the last time; '' when all is well. */
  readonly trouble: string;
}

/** Of one provider and stream. */
export interface PlacementShare {
  readonly provider: string;
  readonly stream: Stream;
  readonly inbox: number;
  readonly tab: number;
  readonly spam: number;
  readonly other: number;
  readonly missing: number;
  readonly waiting: number;
  /** Milliseconds between the provider's 250 and the mailbox: the middle one; absent when nobody knows. */
  readonly latenessMs?: number;
}
