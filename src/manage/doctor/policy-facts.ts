/** What this server knows of itself that the checks of published policies compare with: its policy, certificate and services. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { normalizeDomain } from '../../mail/address.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { tlsaRecordOf } from '../../verify/dane/judge-own.ts';
import { clientServices, type ClientService } from '../client-setup/services.ts';
import { stsPublicationOf, type StsPublication } from '../tls/sts-publication.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface PolicyFacts {
  readonly hostname: string;
  /** The domain asked about is hosted here. */
  readonly hosted: boolean;
  readonly publication?: StsPublication;
  /** PEM of [tls], the server's own first; '' without one or when it cannot be read. */
  readonly certificates: string;
  /** `3 1 1 …` of the key of [tls]; absent without one. */
  readonly tlsa?: string;
  readonly services: readonly ClientService[];
  /** 443, in the lab another. */
  readonly policyPort: number;
  /** What others reported about TLS with the domain since its policy began; absent: it has none. */
  readonly reports?: { readonly since: number; readonly reports: number; readonly successes: number; readonly failures: number };
}

const facts = defineVerb({
  name: 'tls.facts',
  summary: 'Tells what this server has to compare published policies with.',
  args: z.strictObject({ domain: domainArgument.default('') }),
  run: async (context, { domain }): Promise<PolicyFacts> => {
    const { config } = context;
    const publication = domain === '' ? undefined : await stsPublicationOf(context, domain);
    const certificates = await readOr(config.tls.certificate);
    return {
      hostname: domainKey(config.hostname),
      hosted: domain !== '' && (await isHosted(context, domain)),
      ...(publication && { publication, reports: await reportsSince(context, publication) }),
      certificates,
      ...(certificates !== '' && { tlsa: tlsaRecordOf(new X509Certificate(certificates).publicKey) }),
      services: clientServices(config),
      policyPort: config.outboundTls.mtaStsPort,
    };
  },
});

async function isHosted({ store }: ManageContext, domain: string): Promise<boolean> {
  const { domains } = await store.directory.snapshot();
  return domains.some(({ name }) => name === normalizeDomain(domain));
}

async function reportsSince({ store }: ManageContext, { domain, since }: StsPublication): Promise<NonNullable<PolicyFacts['reports']>> {
  const reports = await store.reports.tlsReports({ since, domain });
  const policies = reports.flatMap((report) => report.policies);
  const sum = (field: 'successes' | 'failures'): number => policies.reduce((total, policy) => total + policy[field], 0);
  return { since, reports: reports.length, successes: sum('successes'), failures: sum('failures') };
}

async function readOr(file: string | undefined): Promise<string> {
  return file === undefined ? '' : readFile(file, 'utf8').catch(() => '');
}

/** `3 1 1 …` of a PEM file with a private key or a certificate; undefined when it is neither. */
export function tlsaOfPem(pem: string | Buffer): string | undefined {
  for (const read of [() => createPrivateKey(pem), () => new X509Certificate(pem).publicKey]) {
    try {
      return tlsaRecordOf(read());
    } catch {
      continue;
    }
  }
  return undefined;
}

export const policyFactsVerbs = [facts] as const;
