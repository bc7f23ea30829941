/**
 * Why a name could not be looked up, in words for whoever has to mend it: what truly came, and from whom it must have come.
 * Pure. The words are read again by mail/reply-meaning (`own.dns-…`), which says who has to act.
 */
import type { DnsAnswer, RecordType } from '../contract/dns.ts';

export type Unanswered = Extract<DnsAnswer<RecordType>, { kind: 'failure' }>;

/** A clause without a full stop, for brackets behind "cannot be looked up now". */
export function whyUnanswered({ reason, onlyHere, extended }: Unanswered): string {
  const said = extended === undefined ? SAID[reason] : `${SAID[reason]} ("${extended}")`;
  if (CERTAIN.has(reason) || onlyHere === undefined) return said;
  return onlyHere ? `${said}; our DNS server answers for other names` : `${said}; our DNS server gives no answer for other names, either`;
}

/** What is wrong has one place, whatever becomes of other names. */
const CERTAIN: ReadonlySet<Unanswered['reason']> = new Set(['aliases', 'bogus', 'truncated']);

const SAID: Readonly<Record<Unanswered['reason'], string>> = {
  timeout: 'timeout',
  servfail: 'SERVFAIL: our DNS server found no answer',
  bogus: 'SERVFAIL: its DNSSEC signatures do not check out',
  formerr: 'FORMERR: our DNS server says that it cannot read the question',
  notimp: 'NOTIMP: our DNS server says that it does not know such questions',
  refused: 'REFUSED: our DNS server refuses to answer',
  malformed: 'what came is no answer to the question',
  truncated: 'the answer is too long for UDP, and our DNS server does not give it over TCP',
  network: 'network: our DNS server cannot be reached',
  aliases: 'CNAME aliases that lead in a circle, or too far',
};
