/**
 * The verifiers as questions an administrator asks: what would a receiver find? They need name servers only, no store and no
 * server, so they also run where no configuration is.
 */
import { BufferSource } from '../base/byte-source.ts';
import type { Clock } from '../base/clock.ts';
import type { ArcReport, DkimReport, SpfReport } from '../contract/auth-report.ts';
import type { Dns } from '../contract/dns.ts';
import { parseHeader } from '../mail/header.ts';
import { verifyArc } from '../verify/arc/verify-arc.ts';
import { verifyDkim } from '../verify/dkim/verify-dkim.ts';
import { checkSpf } from '../verify/spf/check-spf.ts';

export interface VerifyContext {
  readonly dns: Dns;
  readonly clock: Clock;
}

export interface SpfQuestion {
  readonly domain: string;
  readonly ip: string;
  /** Default: postmaster@domain. */
  readonly sender?: string;
  /** Default: the domain. */
  readonly helo?: string;
}

export function answerSpf({ dns, clock }: VerifyContext, { domain, ip, sender, helo }: SpfQuestion): Promise<SpfReport> {
  return checkSpf(dns, { domain, ip, sender: sender ?? `postmaster@${domain}`, helo: helo ?? domain, now: clock.now() });
}

/** `message` with CRLF line ends; one row per signature, top first. */
export function answerDkim({ dns, clock }: VerifyContext, message: Buffer): Promise<readonly DkimReport[]> {
  return verifyDkim(dns, new BufferSource(message), parseHeader(message), { now: clock.now() });
}

export function answerArc({ dns, clock }: VerifyContext, message: Buffer): Promise<ArcReport> {
  return verifyArc(dns, new BufferSource(message), parseHeader(message), { now: clock.now() });
}
