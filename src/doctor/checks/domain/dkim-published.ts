/** Are the keys that we sign with published? */
import { type DkimKey, fetchKey } from '../../../verify/dkim/key-record.ts';
import { keyRecordOf } from '../../../verify/dkim/judge-published.ts';
import { decodeBase64 } from '../../../verify/tag-list.ts';
import { defineCheck, fail, pass, skip, type DomainSubject, type DomainKey } from '../../check.ts';
import { overKeys } from './dkim-reading.ts';

/** Compared by meaning: the key itself, however the record is written. */
function isSameKey({ key, type }: DkimKey, { publicKey }: DomainKey): boolean {
  const der = key.export({ format: 'der', type: 'spki' });
  const ours = decodeBase64(publicKey);
  return ours !== undefined && (der.equals(ours) || (type === 'ed25519' && der.subarray(-32).equals(ours)) || der.subarray(-ours.length).equals(ours));
}

export const dkimPublished = defineCheck<DomainSubject>({
  id: 'dkim-published', about: 'domain', title: 'DKIM keys are published', weight: 3,
  why: 'A signature whose key cannot be found is as good as none; large receivers demand DKIM.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async ({ dns }, subject) => {
    const { domain, keys, hostname } = subject;
    if (hostname === '') return skip(`With which DKIM keys mail of ${domain} is signed is known on its server only.`);
    if (keys.length === 0) return fail(`${domain} has no DKIM key here: its mail goes out unsigned.`, `Make one: posthorn dkim create ${domain}; publish the record that it prints; then: posthorn dkim activate ${domain} SELECTOR`);
    return overKeys(subject, async (key) => {
      const found = await fetchKey(dns, key.selector, domain);
      if (found.kind === 'key') return isSameKey(found.key, key) ? pass('') : fail(`The key at ${key.selector}._domainkey.${domain} is not the one that this server signs with.`, 'Publish this record in its place.', keyRecordOf({ ...key, domain }));
      if (found.temporary) return { level: 'unknown', text: `${found.reason}.` };
      return fail(`The DKIM key ${key.selector} of ${domain} is not published: ${found.reason}.`, 'Publish this record.', keyRecordOf({ ...key, domain }));
    }, `The keys ${keys.map(({ selector }) => selector).join(', ')} of ${domain} are published.`);
  },
});
