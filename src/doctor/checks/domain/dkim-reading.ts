/** What several checks of DKIM need: one judgement over all keys of a domain. */
import { type DkimKey, fetchKey } from '../../../verify/dkim/key-record.ts';
import { pass, skip, type DomainSubject, type DoctorContext, type DomainKey, type Finding } from '../../check.ts';

/** The worst finding over all keys. */
export async function overKeys(subject: DomainSubject, judge: (key: DomainKey) => Promise<Finding>, good: string): Promise<Finding> {
  const findings = await Promise.all(subject.keys.map(judge));
  return findings.find(({ level }) => level === 'fail') ?? findings.find(({ level }) => level === 'warn') ?? findings.find(({ level }) => level === 'unknown') ?? pass(good);
}

/** Keys that are not published are another check's. */
export function ofPublished({ dns }: DoctorContext, subject: DomainSubject, judge: (key: DkimKey, own: DomainKey) => Finding, good: string): Promise<Finding> {
  if (subject.keys.length === 0) return Promise.resolve(skip(`${subject.domain} has no DKIM key here.`));
  return overKeys(subject, async (own) => {
    const found = await fetchKey(dns, own.selector, subject.domain);
    return found.kind === 'key' ? judge(found.key, own) : skip(found.reason);
  }, good);
}

export function changeOver(domain: string): string {
  return `Make a new key (posthorn dkim create ${domain}), publish its record, wait a day, then posthorn dkim activate ${domain} SELECTOR, and retire the old one.`;
}
