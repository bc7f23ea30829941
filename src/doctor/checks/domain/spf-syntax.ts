/** Is SPF well-formed, and does it end in something that means anything? */
import { parseSpfRecord, shownTerm, tearApart } from '../../../verify/spf/record.ts';
import { surveySpf, type SurveyedRecord, type SurveyedTerm } from '../../../verify/spf/survey.ts';
import { defineCheck, fail, pass, warn, type DomainSubject, type Finding } from '../../check.ts';
import { mendedSpf, NO_SPF, ownTerms } from './spf-reading.ts';

/** What no SPF record costs. */
const AS_IF_NONE = 2;
/** What people write for what is called otherwise. */
const MISSPELT: readonly (readonly [RegExp, string])[] = [[/^([-+~?]?)ip(?:v4)?[:=]/i, '$1ip4:'], [/^([-+~?]?)ip4=/i, '$1ip4:'], [/^([-+~?]?)ip(?:v6[:=]|6=)/i, '$1ip6:'], [/^([-+~?]?)(include|a|mx|exists)=/i, '$1$2:'], [/^(redirect|exp):/i, '$1=']];

export const spfSyntax = defineCheck<DomainSubject>({
  id: 'spf-syntax', about: 'domain', title: 'SPF syntax and ending', weight: 1,
  why: 'One wrong word makes the whole record an error; an ending that lets everybody pass makes it useless.',
  link: 'https://www.rfc-editor.org/rfc/rfc7208#section-5.1',
  run: async ({ dns }, subject) => {
    const { domain } = subject;
    const survey = await surveySpf(dns, domain);
    if (survey.problem?.startsWith('syntax error')) return unreadable(subject, survey);
    if (survey.problem !== undefined) return NO_SPF;
    const broken = survey.terms.flatMap((term) => brokenIn(term));
    if (broken[0]) return pointsNowhere(domain, survey, broken[0]);
    const mended = mendedSpf(domain, [survey.text], { ending: '~all' });
    const ending = survey.terms.find(({ type }) => type === 'all');
    if (!ending) return survey.terms.some(({ type }) => type === 'redirect') ? pass('The record ends in another one.') : warn('The record has no ending, which says nothing about others.', 'Publish this record in its place.', mended);
    if (ending.qualifier === '+') return fail('The record ends in +all: everybody may send for the domain.', 'Publish this record in its place, when it names everything that sends for the domain.', mended);
    if (ending.qualifier === '?') return warn('The record ends in ?all, which says nothing about others.', 'Publish this record in its place.', mended);
    return pass(`The record is well-formed and ends in ${ending.qualifier}all.`);
  },
});

/** As good as none: RFC 7208 §4.6. */
function unreadable(subject: DomainSubject, { text, problem }: SurveyedRecord): Finding {
  const { readable, unreadable: wrong } = tearApart(text);
  const mended = wrong.map(({ term }) => ({ term, meant: MISSPELT.map(([from, to]) => term.replace(from, to)).find((each) => each !== term && parseSpfRecord(`v=spf1 ${each}`).kind === 'record') }));
  const lost = mended.filter(({ meant }) => meant === undefined).map(({ term }) => `"${shownTerm(term)}"`);
  const record = mendedSpf(subject.domain, [['v=spf1', ...readable, ...mended.flatMap(({ meant }) => meant ?? [])].join(' ')], { add: ownTerms(subject.addresses) });
  const left = lost.length === 0 ? '' : ` It leaves out ${lost.join(' and ')}: if that names somebody who sends for the domain, find out what was meant, and put it in before the ending.`;
  return { ...fail(`The SPF record of ${subject.domain} has a ${problem ?? ''}: receivers take the whole record for an error, as if there were none.`, `Publish this record in its place: it holds what could be read${mended.length > lost.length ? ', what was misspelt in the right spelling' : ''}, and the addresses of this server.${left}`, record), weight: AS_IF_NONE };
}

interface Broken {
  /** Terms from the domain's own to the one that points nowhere. */
  readonly path: readonly SurveyedTerm[];
  readonly problem: string;
}

/** Records behind it that are none: an error for whoever comes to them (RFC 7208 §5.2, §6.1). */
function brokenIn(term: SurveyedTerm): readonly Broken[] {
  const { record } = term;
  if (!record || record.temporary) return [];
  if (record.problem !== undefined) return [{ path: [term], problem: record.problem }];
  return record.terms.flatMap(brokenIn).map(({ path, problem }) => ({ path: [term, ...path], problem }));
}

function pointsNowhere(domain: string, survey: SurveyedRecord, { path, problem }: Broken): Finding {
  const [own, ...others] = path as [SurveyedTerm, ...SurveyedTerm[]];
  const through = others.length === 0 ? '' : `, through ${others.map(({ term }) => shownTerm(term)).join(' and ')} of that service,`;
  const text = `The SPF record of ${domain} says ${shownTerm(own.term)}, which${through} leads to a record that is none (${problem}): receivers that come to it take the whole record for an error.`;
  return fail(text, `If you do not use that service, publish this record in its place: it is the same without ${shownTerm(own.term)}. If you do, ask it what belongs there.`, mendedSpf(domain, [survey.text], { without: [own.term] }));
}
