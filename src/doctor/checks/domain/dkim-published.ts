/** Are the keys that we sign with published? Judged as `posthorn dkim check` does. */
import { worstOf } from '../../../verify/deployment-finding.ts';
import { judgePublishedKey } from '../../../verify/dkim/judge-published.ts';
import { defineCheck, fail, pass, skip, type DomainSubject } from '../../check.ts';

export const dkimPublished = defineCheck<DomainSubject>({
  id: 'dkim-published', about: 'domain', title: 'DKIM keys are published', weight: 3,
  why: 'A signature whose key cannot be found is as good as none; large receivers demand DKIM.',
  link: 'https://www.rfc-editor.org/rfc/rfc6376#section-3.6.1',
  run: async ({ dns }, { domain, keys, hostname }) => {
    if (hostname === '') return skip(`With which DKIM keys mail of ${domain} is signed is known on its server only.`);
    if (keys.length === 0) return fail(`${domain} has no DKIM key here: its mail goes out unsigned.`, `Make one: posthorn dkim create ${domain}; publish the record that it prints; then: posthorn dkim activate ${domain} SELECTOR`);
    const own = keys.map((key) => ({ ...key, domain }));
    const found = await Promise.all(own.map(async (key) => judgePublishedKey(key, await dns.query(`${key.selector}._domainkey.${domain}`, 'TXT'), own.filter(({ selector }) => selector !== key.selector))));
    // What else is to be said of a key that is there, of its size and flags, is other checks' matter.
    const bad = found.filter(({ state }) => state !== 'right').flatMap(({ findings }) => findings);
    const doubled = found.filter(({ state }) => state === 'right').flatMap(({ findings }) => findings.filter(({ level }) => level === 'fail'));
    const findings = [...bad, ...doubled];
    return findings.length > 0 ? worstOf(findings) : pass(`The keys ${keys.map(({ selector }) => selector).join(', ')} of ${domain} are published.`);
  },
});
