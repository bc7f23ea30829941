/** What several checks of SPF need: the record, and the one that a domain of this server should have. */
import { type SurveyedRecord, surveySpf } from '../../../verify/spf/survey.ts';
import { skip, type DomainSubject, type DoctorContext } from '../../check.ts';

/** For a zone file. */
export function ownSpf({ domain, addresses }: DomainSubject): string {
  const networks = ownTerms(addresses);
  return `${domain}. TXT "v=spf1 ${networks.length > 0 ? networks.join(' ') : 'mx'} ~all"`;
}

/** Undefined: there is none, or it cannot be read; another check says so. */
export async function usableSpf({ dns }: DoctorContext, { domain }: DomainSubject): Promise<SurveyedRecord | undefined> {
  const survey = await surveySpf(dns, domain);
  return survey.problem === undefined ? survey : undefined;
}

export function ownTerms(addresses: DomainSubject['addresses']): readonly string[] {
  return addresses.map(({ address }) => `ip${address.includes(':') ? 6 : 4}:${address}`);
}

/** The record with more mechanisms before its ending and without some, as a zone file writes it; the ending is kept unless another is given. */
export function mendedSpf(domain: string, texts: readonly string[], { add = [], without = [], ending }: { readonly add?: readonly string[]; readonly without?: readonly string[]; readonly ending?: string } = {}): string {
  const terms = texts.flatMap((text) => text.trim().split(/ +/).slice(1)).filter((term) => !without.includes(term));
  const mechanisms = [...new Set([...terms.filter((term) => !isEnding(term)), ...add])];
  return `${domain}. TXT "${['v=spf1', ...mechanisms, ending ?? terms.find(isEnding) ?? '~all'].join(' ')}"`;
}

function isEnding(term: string): boolean {
  return /^(?:[-~?+]?all$|redirect=)/i.test(term);
}

export const NO_SPF = skip('There is no SPF record that could be read.');
