/** What several checks of SPF need: the record, and the one that a domain of this server should have. */
import { type SurveyedRecord, surveySpf } from '../../../verify/spf/survey.ts';
import { skip, type DomainSubject, type DoctorContext } from '../../check.ts';

/** For a zone file. */
export function ownSpf({ domain, addresses }: DomainSubject): string {
  const networks = addresses.map(({ address }) => `ip${address.includes(':') ? 6 : 4}:${address}`);
  return `${domain}. TXT "v=spf1 ${networks.length > 0 ? networks.join(' ') : 'mx'} ~all"`;
}

/** Undefined: there is none, or it cannot be read; another check says so. */
export async function usableSpf({ dns }: DoctorContext, { domain }: DomainSubject): Promise<SurveyedRecord | undefined> {
  const survey = await surveySpf(dns, domain);
  return survey.problem === undefined ? survey : undefined;
}

export const NO_SPF = skip('There is no SPF record that could be read.');
