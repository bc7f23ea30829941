/** What a domain says about mail that fails: DMARC. */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import { isSameOrBelow } from '../../verify/domain-name.ts';
import { isDmarcRecord, type DmarcRecord } from '../../verify/dmarc/record.ts';
import { TreeWalker, WalkFailure } from '../../verify/dmarc/tree-walk.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DomainSubject } from '../check.ts';

async function textsAt(dns: Dns, name: string): Promise<readonly string[] | Extract<DnsAnswer<'TXT'>, { kind: 'failure' }>> {
  const answer = await dns.query(name, 'TXT');
  if (answer.kind === 'failure') return answer;
  return answer.kind === 'found' ? answer.records.map((parts) => parts.join('')) : [];
}

/** The record that applies, its own or an inherited one; undefined when there is none or nobody knows. */
async function applying(dns: Dns, domain: string): Promise<{ readonly record: DmarcRecord; readonly from: string } | undefined> {
  try {
    const [first] = (await new TreeWalker(dns).walk(domain)).found;
    return first && { record: first.record, from: first.domain };
  } catch (error) {
    if (error instanceof WalkFailure) return undefined;
    throw error;
  }
}

const NO_RECORD = skip('There is no DMARC record that could be read.');

export const dmarcRecord = defineCheck<DomainSubject>({
  id: 'dmarc-record', about: 'domain', title: 'DMARC record', weight: 2,
  why: 'Gmail, Yahoo and Microsoft demand a DMARC record of everybody who sends much.',
  link: 'https://support.google.com/a/answer/81126',
  run: async ({ dns }, { domain }) => {
    const name = `_dmarc.${domain}`;
    const texts = await textsAt(dns, name);
    if ('kind' in texts) return unanswered(name, texts);
    const records = texts.filter(isDmarcRecord);
    const record = `${name}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${domain}"`;
    if (records.length > 1) return fail(`${domain} has ${records.length} DMARC records, which are as good as none.`, 'Keep one.');
    if (records.length === 1) return pass(`${domain} has a DMARC record.`);
    const inherited = await applying(dns, domain);
    if (inherited) return pass(`${domain} inherits the DMARC record of ${inherited.from}.`);
    const wrong = texts.find((text) => /dmarc/i.test(text));
    return fail(wrong === undefined ? `${domain} has no DMARC record.` : `What stands at ${name} is no DMARC record: it must begin with v=DMARC1.`, 'Publish this one; it enforces nothing yet and asks for reports.', record);
  },
});

export const dmarcPolicy = defineCheck<DomainSubject>({
  id: 'dmarc-policy', about: 'domain', title: 'DMARC policy', weight: 0.5,
  why: 'With p=none others can write in the name of the domain, and nothing happens to their mail.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain }) => {
    const found = await applying(dns, domain);
    if (!found) return NO_RECORD;
    if (found.record.empty) return fail(`The DMARC record of ${found.from} has no policy that counts.`, 'Give it p=none, p=quarantine or p=reject.');
    const policy = found.from === domain ? found.record.p : (found.record.sp ?? found.record.p);
    if (policy === 'none') return warn('The policy is none: nothing happens to mail that fails.', 'When the reports show for a month that all of your mail passes, go to p=quarantine.');
    return pass(`The policy is ${policy}.`);
  },
});

export const dmarcObsolete = defineCheck<DomainSubject>({
  id: 'dmarc-obsolete', about: 'domain', title: 'DMARC tags that are gone', weight: 0.1,
  why: 'pct, rf and ri were taken out of DMARC; who relies on them is surprised.',
  link: 'https://www.rfc-editor.org/rfc/rfc9989',
  run: async ({ dns }, { domain }) => {
    const found = await applying(dns, domain);
    if (!found) return NO_RECORD;
    const gone = ['pct', 'rf', 'ri'].filter((tag) => new RegExp(`;[ \\t]*${tag}[ \\t]*=`).test(found.record.text));
    return gone.length === 0 ? pass('The record uses none of them.') : warn(`The record uses ${gone.join(', ')}, which receivers ignore now.`, 'Take them out; t=y says that a policy is only tried.');
  },
});

export const dmarcReports = defineCheck<DomainSubject>({
  id: 'dmarc-reports', about: 'domain', title: 'DMARC reports arrive', weight: 0.4,
  why: 'Reports show who sends in the name of the domain, before a policy is made stricter.',
  link: 'https://www.rfc-editor.org/rfc/rfc9990',
  run: async ({ dns }, { domain }) => {
    const found = await applying(dns, domain);
    if (!found) return NO_RECORD;
    const targets = found.record.rua.flatMap((uri) => /^mailto:[^@]+@([^!?]+)/i.exec(uri.trim())?.[1]?.toLowerCase() ?? []);
    if (targets.length === 0) return warn('The record asks for no reports (rua).', `Add rua=mailto:dmarc@${domain} to it.`);
    for (const target of targets) {
      // RFC 9990: who asks for reports to another domain must have its consent.
      if (isSameOrBelow(target, found.from) || isSameOrBelow(found.from, target)) continue;
      const name = `${found.from}._report._dmarc.${target}`;
      const consent = await textsAt(dns, name);
      if ('kind' in consent) return unanswered(name, consent);
      if (!consent.some(isDmarcRecord)) return fail(`Reports should go to ${target}, which does not consent: nobody sends them.`, `Have ${target} publish this record, or name an address in ${domain}.`, `${name}. TXT "v=DMARC1"`);
    }
    return pass(`Reports go to ${targets.join(', ')}.`);
  },
});
