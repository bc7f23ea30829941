/**
 * Inbox or spam folder: a MODEL, made up for the lab. No provider documents its placement; this one adds points for what
 * the public guidelines call bad and takes some off for what they call good, and says so in words, so that nobody takes
 * its outcome for a provider's.
 */
import { dkimPasses, hasDmarcRecord, listed, lowReputation, noPtr, spfPasses } from './providers/conditions.ts';
import type { MessageFacts } from './providers/profile.ts';

export interface Placement {
  readonly folder: 'inbox' | 'spam';
  readonly points: number;
  /** One entry per signal that counted, `+3 generic spam test pattern`. */
  readonly reasons: readonly string[];
}

interface Signal {
  readonly points: number;
  readonly says: string;
  readonly holds: (facts: MessageFacts) => boolean;
}

const SPAM_POINTS = 3;
/** Gmail's and Yahoo's published line. */
const COMPLAINT_RATE_BAD = 0.003;

const SIGNALS: readonly Signal[] = [
  { points: 10, says: 'generic spam test pattern', holds: (facts) => facts.spamPattern },
  { points: 3, says: 'DMARC fails', holds: (facts) => facts.dmarc.result === 'fail' && facts.dmarc.policy !== 'none' },
  { points: 2, says: 'DMARC fails with p=none', holds: (facts) => facts.dmarc.result === 'fail' && facts.dmarc.policy === 'none' },
  { points: 3, says: 'neither SPF nor DKIM passes', holds: (facts) => !spfPasses(facts) && !dkimPasses(facts) },
  { points: 3, says: 'sending address is listed', holds: listed },
  { points: 5, says: 'sending address has a poor reputation', holds: lowReputation },
  { points: 5, says: 'sending domain has a poor reputation', holds: (facts) => facts.weather('low-domain-reputation') },
  { points: 2, says: 'no matching PTR record', holds: noPtr },
  { points: 3, says: 'too many complaints', holds: (facts) => facts.complaintRate >= COMPLAINT_RATE_BAD },
  { points: 5, says: 'bulk mail without one-click unsubscription', holds: (facts) => facts.bulk && !facts.header.oneClickUnsubscribe },
  { points: 1, says: 'no Date or Message-ID', holds: (facts) => facts.header.dateFields === 0 || facts.header.messageIdFields === 0 },
  { points: 1, says: 'no DMARC record', holds: (facts) => !hasDmarcRecord(facts) },
  { points: 1, says: 'sent without TLS', holds: (facts) => facts.tls === undefined },
  { points: -2, says: 'DMARC passes', holds: (facts) => facts.dmarc.result === 'pass' },
];

export function placeByModel(facts: MessageFacts): Placement {
  const holding = SIGNALS.filter((signal) => signal.holds(facts));
  const points = holding.reduce((sum, signal) => sum + signal.points, 0);
  return {
    folder: points >= SPAM_POINTS ? 'spam' : 'inbox',
    points,
    reasons: holding.map((signal) => `${signal.points > 0 ? '+' : ''}${signal.points} ${signal.says}`),
  };
}
