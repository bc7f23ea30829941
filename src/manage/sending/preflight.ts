/** Preflight as a question an administrator asks: what would this receiver answer to this message from this address? */
import { isIP } from 'node:net';
import { BufferSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import { parseHostname } from '../../config/values.ts';
import type { Dns } from '../../contract/dns.ts';
import { domainOf, normalizeDomain } from '../../mail/address.ts';
import { findSiteProfile } from '../../mail/sites/find-site.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { createClientName } from '../../verify/iprev/client-name.ts';
import type { PreflightReport } from '../../verify/preflight/finding.ts';
import { contentFindings } from '../../verify/preflight/content.ts';
import { preflight } from '../../verify/preflight/preflight.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export type { PreflightReport } from '../../verify/preflight/finding.ts';

export interface PreflightQuestion {
  /** Where it would go: a recipient's address or domain. */
  readonly to: string;
  readonly sender: string;
  /** Where it would leave from; without it nothing is said about reverse DNS and SPF. */
  readonly source?: { readonly address: string; readonly ehlo: string };
  readonly bulk: boolean;
}

/** `message` with CRLF line ends. */
export async function answerPreflight(context: VerifyContext, message: Buffer, question: PreflightQuestion): Promise<PreflightReport> {
  const domain = normalizeDomain(question.to.includes('@') ? domainOf(question.to) : question.to);
  if (parseHostname(domain) === undefined) throw new Failure('address-refused', `${JSON.stringify(question.to)} is neither an address nor a domain: write it like name@example.org or example.org`, { temporary: false });
  const dns = createDeadlineDns(context.dns, context.clock, PREFLIGHT_LIMITS.timeoutMs);
  try {
    const site = await findSite(dns, domain);
    const { source, sender, bulk } = question;
    const known = source && isIP(source.address) !== 0 ? { source } : {};
    return await preflight({ dns, reverse: createClientName(dns, { clock: context.clock }), judgeContent: (bytes) => contentFindings(dns, bytes, context.domainLists) }, {
      site, ...known, sender, bulk, body: '8bitmime', smtpUtf8: false, content: new BufferSource(message), now: context.clock.now(),
    });
  } finally {
    dns.close();
  }
}

/** A receiver whose MX cannot be looked up is judged for as one of whom nothing is known. */
async function findSite(dns: Dns, domain: string): Promise<{ key: string; title: string }> {
  const answer = await dns.query(domain, 'MX');
  if (answer.kind !== 'found') return { key: domain, title: domain };
  const best = Math.min(...answer.records.map(({ preference }) => preference));
  const hosts = answer.records.filter(({ preference }) => preference === best).map(({ exchange }) => exchange.toLowerCase());
  const profile = findSiteProfile(hosts);
  return profile ? { key: profile.key, title: profile.title } : { key: hosts[0] ?? domain, title: hosts[0] ?? domain };
}
