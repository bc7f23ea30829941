/** The SPF record of a domain: one, well-formed, within its limits, and letting our own addresses pass. */
import { countAddresses } from '../../verify/spf/address-set.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';
import { RECORD_OCTETS_WISE, STRING_OCTETS_MAX } from '../../verify/spf/record-layout.ts';
import { isSpfRecord } from '../../verify/spf/record.ts';
import { surveySpf, type SurveyedRecord } from '../../verify/spf/survey.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DoctorContext, type DomainSubject, type Finding } from '../check.ts';

function ownRecord({ domain, addresses }: DomainSubject): string {
  const networks = addresses.map(({ address }) => `ip${address.includes(':') ? 6 : 4}:${address}`);
  return `${domain}. TXT "v=spf1 ${networks.length > 0 ? networks.join(' ') : 'mx'} ~all"`;
}

/** Undefined: there is none, or it cannot be read; another check says so. */
async function usableRecord({ dns }: DoctorContext, { domain }: DomainSubject): Promise<SurveyedRecord | undefined> {
  const survey = await surveySpf(dns, domain);
  return survey.problem === undefined ? survey : undefined;
}

const NO_RECORD = skip('There is no SPF record that could be read.');

export const spfRecord = defineCheck<DomainSubject>({
  id: 'spf-record', about: 'domain', title: 'One SPF record', weight: 2,
  why: 'SPF says which addresses may send for a domain; with none or two there is no SPF.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-4.5',
  run: async ({ dns }, subject) => {
    const { domain } = subject;
    const answer = await dns.query(domain, 'TXT');
    if (answer.kind === 'failure') return unanswered(`The SPF record of ${domain}`, answer);
    const records = answer.kind === 'found' ? answer.records.map((parts) => parts.join('')).filter(isSpfRecord) : [];
    if (records.length === 0) return fail(`${domain} has no SPF record.`, 'Publish this one.', ownRecord(subject));
    if (records.length > 1) return fail(`${domain} has ${records.length} SPF records, which receivers take for an error.`, 'Merge them into one: all mechanisms, one ending.');
    return pass(`${domain} has one SPF record.`);
  },
});

export const spfSyntax = defineCheck<DomainSubject>({
  id: 'spf-syntax', about: 'domain', title: 'SPF syntax and ending', weight: 1,
  why: 'One wrong word makes the whole record an error; an ending that lets everybody pass makes it useless.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-5.1',
  run: async ({ dns }, { domain }) => {
    const survey = await surveySpf(dns, domain);
    if (survey.problem?.startsWith('syntax error')) return fail(`The SPF record of ${domain} has a ${survey.problem}.`, 'Correct that term; posthorn spf explain shows the record term by term.');
    if (survey.problem !== undefined) return NO_RECORD;
    const ending = survey.terms.find(({ type }) => type === 'all');
    if (!ending) return survey.terms.some(({ type }) => type === 'redirect') ? pass('The record ends in another one.') : warn('The record has no ending, which says nothing about others.', 'End it in ~all.');
    if (ending.qualifier === '+') return fail('The record ends in +all: everybody may send for the domain.', 'End it in ~all.');
    if (ending.qualifier === '?') return warn('The record ends in ?all, which says nothing about others.', 'End it in ~all.');
    return pass(`The record is well-formed and ends in ${ending.qualifier}all.`);
  },
});

export const spfLookups = defineCheck<DomainSubject>({
  id: 'spf-lookups', about: 'domain', title: 'SPF look-ups', weight: 2,
  why: 'Receivers stop after ten look-ups, or two that find nothing, and take the record for an error.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-4.6.4',
  run: async (context, subject) => {
    const survey = await usableRecord(context, subject);
    if (!survey) return NO_RECORD;
    const { lookups, voids } = survey;
    const flatten = `Remove services that you do not use, or write them out: posthorn spf flatten ${subject.domain}`;
    if (lookups > 10) return fail(`The record costs ${lookups} look-ups, and 10 are allowed.`, flatten);
    if (voids > 2) return fail(`${voids} look-ups of the record find nothing, and 2 are allowed.`, 'Remove the terms that name what is gone; posthorn spf explain shows them.');
    if (lookups > 8 || voids > 0) return warn(`The record costs ${lookups} of 10 look-ups, ${voids} of which find nothing.`, flatten);
    return pass(`The record costs ${lookups} of 10 look-ups.`);
  },
});

export const spfOwn = defineCheck<DomainSubject>({
  id: 'spf-own', about: 'domain', title: 'SPF lets this server pass', weight: 2,
  why: 'Mail from an address that SPF does not name fails SPF, and DMARC when DKIM does not help.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-2.6',
  run: async (context, subject) => {
    if (!(await usableRecord(context, subject))) return NO_RECORD;
    if (subject.addresses.length === 0) return skip('The addresses of this server are not known: name them in [[outbound.ip]].');
    const findings = await Promise.all(subject.addresses.map((each) => ownFinding(context, subject, each.address, each.helo)));
    return findings.find(({ level }) => level === 'fail') ?? findings.find(({ level }) => level !== 'pass') ?? pass(`SPF of ${subject.domain} lets ${subject.addresses.map(({ address }) => address).join(' and ')} pass.`);
  },
});

async function ownFinding({ dns, now }: DoctorContext, { domain }: DomainSubject, ip: string, helo: string): Promise<Finding> {
  const report = await checkSpf(dns, { ip, sender: `postmaster@${domain}`, helo, now });
  if (report.result === 'pass') return pass(report.explanation);
  if (report.result === 'temperror') return { level: 'unknown', text: report.explanation };
  const remedy = `Add ip${ip.includes(':') ? 6 : 4}:${ip} in front of the ending of the SPF record of ${domain}.`;
  return report.result === 'softfail' || report.result === 'neutral' ? warn(report.explanation, remedy) : fail(report.explanation, remedy);
}

export const spfSize = defineCheck<DomainSubject>({
  id: 'spf-size', about: 'domain', title: 'SPF size', weight: 0.3,
  why: 'A record that does not fit into a small answer is not seen by everybody; the mechanism ptr is slow and given up.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-3.4',
  run: async (context, subject) => {
    const survey = await usableRecord(context, subject);
    if (!survey) return NO_RECORD;
    if (survey.longestString > STRING_OCTETS_MAX) return fail(`A string of the record has ${survey.longestString} octets.`, `Publish it in several strings of at most ${STRING_OCTETS_MAX}.`);
    if (survey.terms.some(({ type }) => type === 'ptr')) return warn('The record uses ptr, which must not be used any more.', 'Name the addresses instead.');
    if (survey.octets > 512) return fail(`The record has ${survey.octets} octets.`, `Remove terms, or write it out into several: posthorn spf flatten ${subject.domain}`);
    if (survey.octets > RECORD_OCTETS_WISE) return warn(`The record has ${survey.octets} octets, close to what fits.`, 'Remove what is not needed.');
    return pass(`The record has ${survey.octets} octets.`);
  },
});

/** More addresses than one sender has. */
const WIDE = 4096n;
const TOO_WIDE = 65_536n;

export const spfBreadth = defineCheck<DomainSubject>({
  id: 'spf-breadth', about: 'domain', title: 'SPF is narrow', weight: 0.5,
  why: 'Everybody behind an allowed address passes as the domain.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-11.4',
  run: async (context, subject) => {
    const survey = await usableRecord(context, subject);
    if (!survey) return NO_RECORD;
    if (!survey.passes) return skip('How many addresses pass depends on the sender or could not be looked up.');
    const count = countAddresses(survey.passes[4]);
    const remedy = 'Name your own addresses instead of whole networks; drop services that you do not use.';
    if (count > TOO_WIDE) return fail(`${count} IPv4 addresses may send for ${subject.domain}.`, remedy);
    return count > WIDE ? warn(`${count} IPv4 addresses may send for ${subject.domain}.`, remedy) : pass(`${count} IPv4 addresses may send for ${subject.domain}.`);
  },
});
