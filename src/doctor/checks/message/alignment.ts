/** Whether an authenticated domain is that of From, also where no DMARC record says how strictly (RFC 9989 §4.10). */
import { registeredDomain } from '../../../verify/content/host-name.ts';
import { authorDomain } from '../../../verify/dmarc/author-domain.ts';
import type { MessageSubject } from '../../message/subject.ts';

/** Undefined when From names no domain. */
export function fromDomain({ reading }: MessageSubject): string | undefined {
  const author = authorDomain(reading.header.fields);
  return author.kind === 'domain' ? author.domain : undefined;
}

export function isAligned(domain: string | undefined, from: string | undefined): boolean {
  return domain !== undefined && from !== undefined && registeredDomain(domain.toLowerCase()) === registeredDomain(from);
}

export function spfAligned(subject: MessageSubject): boolean {
  const { dmarc, spf } = subject.authentication;
  if (spf?.result !== 'pass') return false;
  return dmarc.result === 'pass' || dmarc.result === 'fail' ? dmarc.spfAligned : isAligned(spf.domain, fromDomain(subject));
}

export function dkimAligned(subject: MessageSubject): boolean {
  const { dmarc, dkim } = subject.authentication;
  if (dmarc.result === 'pass' || dmarc.result === 'fail') return dmarc.dkimAligned;
  return dkim.some(({ result, domain }) => result === 'pass' && isAligned(domain, fromDomain(subject)));
}
