/** Do DMARC reports get to where they are asked for? */
import { isDmarcRecord } from '../../../verify/dmarc/record.ts';
import { isSameOrBelow } from '../../../verify/domain-name.ts';
import { textsAt } from '../texts.ts';
import { defineCheck, fail, pass, unanswered, warn, type DomainSubject } from '../../check.ts';
import { NO_DMARC, applyingDmarc, changedDmarc } from './dmarc-reading.ts';

const SHOWN_CHARS = 80;

export const dmarcReports = defineCheck<DomainSubject>({
  id: 'dmarc-reports', about: 'domain', title: 'DMARC reports arrive', weight: 0.4,
  why: 'Reports show who sends in the name of the domain, before a policy is made stricter.',
  link: 'https://www.rfc-editor.org/rfc/rfc9990',
  run: async ({ dns }, { domain }) => {
    const found = await applyingDmarc(dns, domain);
    if (!found) return NO_DMARC;
    const targets = found.record.rua.flatMap((uri) => /^mailto:[^@]+@([^!?]+)/i.exec(uri.trim())?.[1]?.toLowerCase() ?? []);
    const [wanted] = found.record.rua;
    if (targets.length === 0) return warn(wanted === undefined ? 'The record asks for no reports (rua).' : `The record asks for reports to "${wanted.slice(0, SHOWN_CHARS)}", where nobody sends them: an address there begins with mailto:`, 'Publish this record in place of the one that is there: it asks for a daily report by mail of each large receiver. posthorn report dmarc reads them.', changedDmarc(found, { without: ['rua'], add: [`rua=mailto:dmarc@${found.from}`] }));
    for (const target of targets) {
      // RFC 9990: who asks for reports to another domain must have its consent.
      if (isSameOrBelow(target, found.from) || isSameOrBelow(found.from, target)) continue;
      const name = `${found.from}._report._dmarc.${target}`;
      const consent = await textsAt(dns, name);
      if ('kind' in consent) return unanswered(name, consent);
      if (!consent.some(isDmarcRecord)) return fail(`Reports should go to ${target}, which does not consent: nobody sends them.`, `Have those who run ${target} publish this record; or change rua in the record at _dmarc.${found.from} to an address of your own, such as mailto:dmarc@${found.from}.`, `${name}. TXT "v=DMARC1"`);
    }
    return pass(`Reports go to ${targets.join(', ')}.`);
  },
});
