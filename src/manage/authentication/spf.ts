/** What `posthorn spf explain|whatif|build|flatten` answer. They need name servers only. */
import { Failure } from '../../base/errors.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { SpfReport } from '../../contract/auth-report.ts';
import { countAddresses } from '../../verify/spf/address-set.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';
import { flattenSpf, type FlattenedSpf } from '../../verify/spf/flatten.ts';
import { KNOWN_SERVICES, knownService } from '../../verify/spf/known-services.ts';
import { layOut, RECORD_OCTETS_WISE, STRING_OCTETS_MAX, type LaidOutRecord } from '../../verify/spf/record-layout.ts';
import { parseSpfRecord, shownTerm } from '../../verify/spf/record.ts';
import { isWellFormedDomain, toAsciiDomain } from '../../verify/domain-name.ts';
import { surveySpf, type SurveyedRecord, type SurveyedTerm } from '../../verify/spf/survey.ts';
import { parseIp } from '../../verify/ip-address.ts';
import type { VerifyContext } from './verify.ts';

export interface ExplainedTerm {
  /** `+`, `-`, `~`, `?`; '' for modifiers. */
  readonly prefix: string;
  readonly type: string;
  readonly value: string;
  readonly meaning: string;
  readonly lookups: number;
  /** How many addresses it covers, as text (IPv6 has more than a number holds); undefined: depends on the sender. */
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly problem?: string;
  readonly record?: ExplainedRecord;
}

export interface ExplainedRecord {
  readonly domain: string;
  readonly text: string;
  readonly octets: number;
  readonly lookups: number;
  readonly voidLookups: number;
  readonly ipv4?: string;
  readonly ipv6?: string;
  readonly terms: readonly ExplainedTerm[];
  /** Sentences: what is wrong with this record or behind it, and what to do. */
  readonly problems: readonly string[];
}

/** Rejects with a permanent Failure `bad-domain`. */
export async function explainSpf(context: VerifyContext, domain: string, draft?: string): Promise<ExplainedRecord> {
  const survey = await surveyInTime(context, domainOf(domain), draft);
  return { ...explained(survey), problems: problemsOf(survey) };
}

/** Slow name servers behind many includes keep nobody waiting: what is not known by then counts as a look-up that failed. */
async function surveyInTime({ dns, clock }: VerifyContext, domain: string, draft?: string): Promise<SurveyedRecord> {
  const bounded = createDeadlineDns(dns, clock, AUTHENTICATION_LIMITS.timeoutMs);
  try {
    return await surveySpf(bounded, domain, draft);
  } finally {
    bounded.close();
  }
}

/** Throws a permanent Failure `bad-domain`. */
function domainOf(name: string): string {
  const domain = toAsciiDomain(name);
  if (isWellFormedDomain(domain) && domain.includes('.')) return domain;
  throw new Failure('bad-domain', `"${name.slice(0, 100)}" is not a domain name: write it like example.org`, { temporary: false });
}

function explained(record: SurveyedRecord): ExplainedRecord {
  const { domain, text, octets, lookups, voids, passes, terms, problem } = record;
  return { domain, text, octets, lookups, voidLookups: voids, ...counted(passes), terms: terms.map(explainedTerm), problems: problem === undefined ? [] : [problem] };
}

function explainedTerm({ qualifier, type, value, meaning, lookups, covers, problem, record }: SurveyedTerm): ExplainedTerm {
  return {
    prefix: qualifier, type, value, meaning, lookups,
    ...(type === 'all' ? {} : counted(covers)),
    ...(problem === undefined ? {} : { problem }),
    ...(record ? { record: explained(record) } : {}),
  };
}

function counted(covers: SurveyedTerm['covers']): { readonly ipv4?: string; readonly ipv6?: string } {
  return covers ? { ipv4: String(countAddresses(covers[4])), ipv6: String(countAddresses(covers[6])) } : {};
}

/** RFC 7208 §4.6.4. */
const { spfLookupsMax, spfVoidLookupsMax } = AUTHENTICATION_LIMITS;
/** More addresses than one organisation has servers: others behind them pass, too. */
const WIDE = 65_536n;

function problemsOf(record: SurveyedRecord): readonly string[] {
  const found: string[] = [];
  if (record.problem !== undefined) found.push(`${record.problem}.`);
  if (record.lookups > spfLookupsMax) found.push(`It costs ${record.lookups} look-ups and ${spfLookupsMax} are allowed: receivers answer permerror. Remove what is not needed, or flatten: posthorn spf flatten ${record.domain}`);
  else if (record.lookups > spfLookupsMax - 2) found.push(`It costs ${record.lookups} of ${spfLookupsMax} look-ups: a service that adds one or two breaks it.`);
  if (record.voids > spfVoidLookupsMax) found.push(`${record.voids} look-ups find nothing and ${spfVoidLookupsMax} are allowed: receivers answer permerror. Remove the terms that name what is gone.`);
  if (record.octets > RECORD_OCTETS_WISE) found.push(`It has ${record.octets} octets; above ${RECORD_OCTETS_WISE} some receivers do not get it whole. Remove terms, or flatten into several records.`);
  if (record.longestString > STRING_OCTETS_MAX) found.push(`One of its strings is longer than ${STRING_OCTETS_MAX} octets: publish it in several strings of one record.`);
  found.push(...endingProblems(record), ...termProblems(record));
  if (record.passes && countAddresses(record.passes[4]) > WIDE && !passesAll(record)) found.push(`${countAddresses(record.passes[4])} IPv4 addresses may send for ${record.domain}: many of them belong to others. Name fewer networks.`);
  return found;
}

function passesAll({ terms }: SurveyedRecord): boolean {
  return terms.some(({ type, qualifier }) => type === 'all' && qualifier === '+');
}

function endingProblems({ terms, parsed, domain }: SurveyedRecord): readonly string[] {
  if (!parsed) return [];
  const all = terms.findIndex(({ type }) => type === 'all');
  const redirect = terms.some(({ type }) => type === 'redirect');
  if (all < 0) return redirect ? [] : [`It has no ending: add ~all, so that others do not pass for ${domain}.`];
  const found: string[] = [];
  if (terms[all]?.qualifier === '+') found.push('It ends in +all: everybody may send. End it in ~all.');
  if (terms[all]?.qualifier === '?') found.push('It ends in ?all, which says nothing about others. End it in ~all.');
  if (redirect) found.push('With all, redirect= is never used (RFC 7208 §6.1): remove one of them.');
  const unreached = terms.slice(all + 1).filter(({ type }) => type !== 'redirect' && type !== 'exp');
  if (unreached.length > 0) found.push(`Behind all nothing is read: ${unreached.map(({ term }) => term).join(' ')} ${unreached.length === 1 ? 'does' : 'do'} not count.`);
  return found;
}

function termProblems(record: SurveyedRecord): string[] {
  return record.terms.flatMap((term) => [
    ...(term.problem === undefined ? [] : [`"${shownTerm(term.term)}" of ${record.domain}: ${term.problem}.`]),
    ...(term.type === 'ptr' ? [`"${shownTerm(term.term)}" of ${record.domain}: ptr must not be used any more (RFC 7208 §5.5); name the addresses.`] : []),
    ...(term.record && term.problem === undefined ? termProblems(term.record) : []),
  ]);
}

export interface WhatIfRow {
  readonly ip: string;
  readonly sender: string;
  readonly published: SpfReport;
  readonly draft: SpfReport;
  readonly same: boolean;
}

/** Every address with every sender, by what is published and by the draft. */
export async function compareSpf(context: VerifyContext, domain: string, draft: string, ips: readonly string[], senders: readonly string[], helo: string | undefined): Promise<readonly WhatIfRow[]> {
  domainOf(domain);
  const { clock } = context;
  const dns = createDeadlineDns(context.dns, clock, AUTHENTICATION_LIMITS.timeoutMs);
  try {
    const rows: WhatIfRow[] = [];
    for (const ip of ips) {
      for (const sender of senders) {
        const question = { domain, ip, sender, helo: helo ?? domain, now: clock.now() };
        const [published, drafted] = await Promise.all([checkSpf(dns, question), checkSpf(dns, { ...question, record: draft })]);
        rows.push({ ip, sender, published, draft: drafted, same: published.result === drafted.result });
      }
    }
    return rows;
  } finally {
    dns.close();
  }
}

export interface BuildRequest {
  readonly domain: string;
  readonly ips: readonly string[];
  /** Keys of known services, or domains to include. */
  readonly services: readonly string[];
  readonly mx: boolean;
  readonly ending: '~all' | '-all' | '?all';
}

export interface BuiltSpf {
  readonly records: readonly LaidOutRecord[];
  readonly explanation: ExplainedRecord;
}

/** Rejects with a permanent Failure `bad-domain`, `service-unknown`, `bad-address`, or `nobody-named` when nobody could send. */
export async function buildSpf(context: VerifyContext, { domain: name, ips, services, mx, ending }: BuildRequest): Promise<BuiltSpf> {
  const domain = domainOf(name);
  if (ips.length + services.length === 0 && !mx) throw new Failure('nobody-named', `say who sends for ${domain}: --ip, --service or --mx; a domain that sends nothing publishes "v=spf1 -all"`, { temporary: false });
  const networks = ips.map((ip) => {
    const bytes = parseIp(ip.split('/')[0] ?? '');
    const term = `ip${bytes?.length === 16 ? 6 : 4}:${ip}`;
    if (!bytes || parseSpfRecord(`v=spf1 ${term}`).kind === 'error') throw new Failure('bad-address', `${ip} is neither an IP address nor a network`, { temporary: false });
    return term;
  });
  const includes = services.map((service) => {
    const include = knownService(service)?.include ?? (service.includes('.') ? domainOf(service) : undefined);
    if (include === undefined) throw new Failure('service-unknown', `${service} is no service that is known here (${KNOWN_SERVICES.map(({ key }) => key).join(', ')}): give the domain that it asks you to include`, { temporary: false });
    return `include:${include}`;
  });
  const terms = [...networks, ...(mx ? ['mx'] : []), ...includes, ending];
  return { records: layOut(domain, terms), explanation: await explainSpf(context, domain, ['v=spf1', ...terms].join(' ')) };
}

export interface PublishableSpf extends FlattenedSpf {
  /** Sentences: why receivers will not be content with it. */
  readonly problems: readonly string[];
}

function flatteningProblems({ lookupsAfter, records }: FlattenedSpf): readonly string[] {
  const longest = Math.max(...records.map(({ text }) => Buffer.byteLength(text, 'latin1')));
  return [
    ...(lookupsAfter > spfLookupsMax ? [`It costs ${lookupsAfter} look-ups and ${spfLookupsMax} are allowed: receivers answer permerror to this one, too. Take out services and networks that are not needed.`] : []),
    ...(longest > RECORD_OCTETS_WISE ? [`The longest of its records has ${longest} octets, since shorter ones would be too many: a few receivers do not get it whole. Take out what is not needed.`] : []),
  ];
}

const PROBLEMS_SHOWN = 3;

/** Rejects with a Failure `spf-broken` when the record cannot be flattened as it is. */
export async function flattenPublished(context: VerifyContext, domain: string, draft?: string): Promise<PublishableSpf> {
  const survey = await surveyInTime(context, domainOf(domain), draft);
  const flattened = flattenSpf(survey);
  if (flattened) return { ...flattened, problems: flatteningProblems(flattened) };
  const why = [...(survey.problem === undefined ? [] : [`${survey.problem}.`]), ...termProblems(survey).slice(0, PROBLEMS_SHOWN)];
  throw new Failure('spf-broken', `the record of ${survey.domain} cannot be flattened: ${why.join(' ') || 'a part of it could not be looked up'}`, { temporary: false });
}
