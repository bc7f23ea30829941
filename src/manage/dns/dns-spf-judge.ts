/**
 * Does a published SPF record say of our addresses what ours would? Evaluated as receivers do it (RFC 7208), so that a record
 * that is written differently, or names us behind an include, is as good as ours.
 */
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import type { SpfJudge } from '../../publish/spf-merge.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';
import { tearApart } from '../../verify/spf/record.ts';
import { surveySpf } from '../../verify/spf/survey.ts';

interface Expectation {
  readonly address: string;
  /** What is added to a record that does not let it pass. */
  readonly term: string;
}

/** `addressesOf`: those that send under this name, for records that name them by `a` or `mx`. */
export function createSpfJudge(dns: Dns, now: number, addressesOf: (name: string) => readonly string[]): SpfJudge {
  return async (domain, record, wanted) => {
    const expected = expectations(wanted, addressesOf(domain));
    if (expected.length === 0) return { kind: 'good', note: 'somebody else decides who may send under this name' };
    const question = { sender: `postmaster@${domain}`, helo: domain, domain, record, now };
    const reports = await Promise.all(expected.map(async ({ address, term }) => ({ term, report: await checkSpf(dns, { ...question, ip: address }) })));
    const failed = reports.find(({ report }) => report.result === 'temperror');
    if (failed) return { kind: 'unknown', detail: `SPF of ${domain} cannot be evaluated now: ${failed.report.explanation}` };
    const broken = reports.find(({ report }) => report.result === 'permerror');
    if (broken) {
      const torn = tearApart(record);
      return { kind: 'broken', detail: broken.report.explanation, ...(torn.unreadable.length > 0 && { torn }) };
    }
    const missing = reports.filter(({ report }) => report.result !== 'pass').map(({ term }) => term);
    if (missing.length > 0) return { kind: 'missing', terms: [...new Set(missing)] };
    const { lookups } = await surveySpf(dns, domain, record);
    // Ours pass before receivers have counted that far; mail of the others fails.
    const costly = lookups > AUTHENTICATION_LIMITS.spfLookupsMax ? `, though all of it needs ${lookups} look-ups, more than ${AUTHENTICATION_LIMITS.spfLookupsMax}, so mail of others in it may fail (RFC 7208 §4.6.4)` : '';
    return { kind: 'good', note: `written differently, but it lets our addresses pass${costly}` };
  };
}

function expectations(wanted: string, addresses: readonly string[]): readonly Expectation[] {
  const terms = wanted.split(' ').slice(1).filter((term) => !/^[-~?+]?all$/i.test(term));
  return terms.flatMap((term) => (/^ip[46]:/i.test(term) ? [{ address: term.slice(4).replace(/\/\d+$/, ''), term }] : addresses.map((address) => ({ address, term }))));
}
