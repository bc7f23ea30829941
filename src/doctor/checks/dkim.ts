/** The DKIM keys of a domain, as they are published. */
import { fetchKey, type DkimKey } from '../../verify/dkim/key-record.ts';
import { decodeBase64 } from '../../verify/tag-list.ts';
import { defineCheck, fail, pass, skip, warn, type DoctorContext, type DomainKey, type DomainSubject, type Finding } from '../check.ts';

function keyRecord(domain: string, { selector, algorithm, publicKey }: DomainKey): string {
  return `${selector}._domainkey.${domain}. TXT "v=DKIM1; k=${algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${publicKey}" (in strings of at most 255 octets)`;
}

/** Compared by meaning: the key itself, however the record is written. */
function isSameKey({ key, type }: DkimKey, { publicKey }: DomainKey): boolean {
  const der = key.export({ format: 'der', type: 'spki' });
  const ours = decodeBase64(publicKey);
  return ours !== undefined && (der.equals(ours) || (type === 'ed25519' && der.subarray(-32).equals(ours)) || der.subarray(-ours.length).equals(ours));
}

/** The worst finding over all keys. */
async function overKeys(subject: DomainSubject, judge: (key: DomainKey) => Promise<Finding>, good: string): Promise<Finding> {
  const findings = await Promise.all(subject.keys.map(judge));
  return findings.find(({ level }) => level === 'fail') ?? findings.find(({ level }) => level === 'warn') ?? findings.find(({ level }) => level === 'unknown') ?? pass(good);
}

export const dkimPublished = defineCheck<DomainSubject>({
  id: 'dkim-published', about: 'domain', title: 'DKIM keys are published', weight: 3,
  why: 'A signature whose key cannot be found is as good as none; large receivers demand DKIM.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async ({ dns }, subject) => {
    const { domain, keys } = subject;
    if (keys.length === 0) return fail(`${domain} has no DKIM key here: its mail goes out unsigned.`, `Make one: posthorn dkim create ${domain}; publish the record that it prints; then: posthorn dkim activate ${domain} SELECTOR`);
    return overKeys(subject, async (key) => {
      const found = await fetchKey(dns, key.selector, domain);
      if (found.kind === 'key') return isSameKey(found.key, key) ? pass('') : fail(`The key at ${key.selector}._domainkey.${domain} is not the one that this server signs with.`, 'Publish this record in its place.', keyRecord(domain, key));
      if (found.temporary) return { level: 'unknown', text: `${found.reason}.` };
      return fail(`The DKIM key ${key.selector} of ${domain} is not published: ${found.reason}.`, 'Publish this record.', keyRecord(domain, key));
    }, `The keys ${keys.map(({ selector }) => selector).join(', ')} of ${domain} are published.`);
  },
});

const RSA_BITS = 2048;
const RSA_BITS_MIN = 1024;

export const dkimSize = defineCheck<DomainSubject>({
  id: 'dkim-size', about: 'domain', title: 'DKIM key size', weight: 1,
  why: 'RSA keys below 1024 bits are not believed, below 2048 not for long.',
  link: 'https://www.rfc-editor.org/rfc/rfc8301#section-3.2',
  run: async (context, subject) => ofPublished(context, subject, (key, { selector }) => {
    if (key.type !== 'rsa' || key.bits >= RSA_BITS) return pass('');
    const remedy = changeOver(subject.domain);
    return key.bits < RSA_BITS_MIN ? fail(`The key ${selector} has ${key.bits} bits.`, remedy) : warn(`The key ${selector} has ${key.bits} bits.`, remedy);
  }, 'The keys are long enough.'),
});

const YEAR_MS = 365 * 86_400_000;

export const dkimAge = defineCheck<DomainSubject>({
  id: 'dkim-age', about: 'domain', title: 'DKIM flags and age', weight: 0.3,
  why: 'A key that says it is a test may be ignored; an old one may have been copied.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async (context, subject) => ofPublished(context, subject, (key, { selector, createdAt }) => {
    if (key.testing) return warn(`The key ${selector} says that it is a test (t=y).`, 'Take t=y out of the record.');
    if (context.now - createdAt > YEAR_MS) return warn(`The key ${selector} is older than a year.`, changeOver(subject.domain));
    return pass('');
  }, 'The keys are younger than a year and in earnest.'),
});

function changeOver(domain: string): string {
  return `Make a new key (posthorn dkim create ${domain}), publish its record, wait a day, then posthorn dkim activate ${domain} SELECTOR, and retire the old one.`;
}

/** Keys that are not published are another check's. */
function ofPublished({ dns }: DoctorContext, subject: DomainSubject, judge: (key: DkimKey, own: DomainKey) => Finding, good: string): Promise<Finding> {
  if (subject.keys.length === 0) return Promise.resolve(skip(`${subject.domain} has no DKIM key here.`));
  return overKeys(subject, async (own) => {
    const found = await fetchKey(dns, own.selector, subject.domain);
    return found.kind === 'key' ? judge(found.key, own) : skip(found.reason);
  }, good);
}
