/** One SPF record, no more and no less. */
import { isSpfRecord } from '../../../verify/spf/record.ts';
import { defineCheck, fail, pass, unanswered, type DomainSubject } from '../../check.ts';
import { mendedSpf, ownSpf, ownTerms } from './spf-reading.ts';

const SHOWN_CHARS = 60;

export const spfRecord = defineCheck<DomainSubject>({
  id: 'spf-record', about: 'domain', title: 'One SPF record', weight: 2,
  why: 'SPF says which addresses may send for a domain; with none or two there is no SPF.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-4.5',
  run: async ({ dns }, subject) => {
    const { domain } = subject;
    const answer = await dns.query(domain, 'TXT');
    if (answer.kind === 'failure') return unanswered(`The SPF record of ${domain}`, answer);
    const records = answer.kind === 'found' ? answer.records.map((parts) => parts.join('')).filter(isSpfRecord) : [];
    const wrong = answer.kind === 'found' ? answer.records.map((parts) => parts.join('')).find((text) => /^["'\s]*v\s*=\s*spf/i.test(text)) : undefined;
    if (records.length === 0 && wrong !== undefined) return fail(`${domain} has no SPF record: a text of it is meant for one, but must begin with "v=spf1 ", without quotation marks of its own; it is ${wrong.slice(0, SHOWN_CHARS)}`, 'Publish this one in its place.', ownSpf(subject));
    if (records.length === 0) return fail(`${domain} has no SPF record.`, 'Publish this one.', ownSpf(subject));
    if (records.length > 1) return fail(`${domain} has ${records.length} SPF records, which receivers take for an error.`, 'Publish this one, which holds what all of them allow and the addresses of this server, and remove the others.', mendedSpf(domain, records, { add: ownTerms(subject.addresses), ending: '~all' }));
    return pass(`${domain} has one SPF record.`);
  },
});
