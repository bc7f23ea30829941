/**
 * The verifiers as questions an administrator asks: what would a receiver find? They need name servers only, no store and no
 * server, so they also run where no configuration is.
 */
import { BufferSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { ArcReport, SpfReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import { parseHeader } from '../../mail/header.ts';
import { verifyArc } from '../../verify/arc/verify-arc.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import type { DomainList } from '../../verify/dnsbl/domain-lists.ts';
import type { DnsList } from '../../verify/dnsbl/lists.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';

export interface VerifyContext {
  readonly dns: Dns;
  readonly clock: Clock;
  /** Absent: only the DNS is asked. */
  readonly network?: DoctorNetwork;
  /** DNS lists of addresses, those with keys among them. Absent: those that need none. */
  readonly lists?: readonly DnsList[];
  /** As `lists`, of domains. */
  readonly domainLists?: readonly DomainList[];
}

export interface SpfQuestion {
  readonly domain: string;
  readonly ip: string;
  /** Default: postmaster@domain. */
  readonly sender?: string;
  /** Default: the domain. */
  readonly helo?: string;
}

export function answerSpf(context: VerifyContext, { domain, ip, sender, helo }: SpfQuestion): Promise<SpfReport> {
  const question = { domain, ip, sender: sender ?? `postmaster@${domain}`, helo: helo ?? domain, now: context.clock.now() };
  return inTime(context, (dns) => checkSpf(dns, question));
}

export function answerArc(context: VerifyContext, message: Buffer): Promise<ArcReport> {
  return inTime(context, (dns) => verifyArc(dns, new BufferSource(message), parseHeader(message), { now: context.clock.now() }));
}

/** As patient as the server is with a message that arrives. */
async function inTime<T>({ dns, clock }: VerifyContext, ask: (dns: Dns) => Promise<T>): Promise<T> {
  const bounded = createDeadlineDns(dns, clock, AUTHENTICATION_LIMITS.timeoutMs);
  try {
    return await ask(bounded);
  } finally {
    bounded.close();
  }
}
