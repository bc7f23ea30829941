/**
 * DMARC (RFC 9989): does an SPF or DKIM pass belong to the author's domain, and what does its owner ask for if not?
 *
 * Policy: DNS trouble that could have changed a fail into a pass, or hides the policy, is `temperror`, never `fail`.
 */
import type { DkimReport, DmarcReport, SpfReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { HeaderField } from '../../mail/header.ts';
import { isSameOrBelow, toAsciiDomain } from '../domain-name.ts';
import { authorDomain } from './author-domain.ts';
import { discoverPolicy, type ApplicablePolicy } from './discover-policy.ts';
import { TreeWalker, WalkFailure } from './tree-walk.ts';

export interface DmarcInput {
  readonly header: { readonly fields: readonly HeaderField[] };
  /** Of MAIL FROM, or of HELO for a null sender. */
  readonly spf: SpfReport;
  readonly dkim: readonly DkimReport[];
}

export async function evaluateDmarc(dns: Dns, input: DmarcInput): Promise<DmarcReport> {
  const author = authorDomain(input.header.fields);
  if (author.kind === 'none') {
    return { result: 'permerror', spfAligned: false, dkimAligned: false, explanation: `DMARC cannot be evaluated: the message has ${author.detail}.`, walk: [] };
  }
  const fromDomain = author.domain;
  const walker = new TreeWalker(dns);
  let applicable: ApplicablePolicy | undefined;
  try {
    applicable = await discoverPolicy(dns, walker, fromDomain);
  } catch (problem) {
    if (!(problem instanceof WalkFailure)) throw problem;
    return policyUnknown(input, fromDomain, walker, problem.message);
  }
  if (!applicable || applicable.record.empty) {
    const explanation = `${fromDomain} publishes no DMARC policy.`;
    return { result: 'none', fromDomain, spfAligned: false, dkimAligned: false, explanation, walk: [...walker.asked] };
  }
  return judgeAlignment(input, fromDomain, applicable, walker);
}

/** Without the policy only identical domains are certainly aligned, in strict mode too. */
function policyUnknown(input: DmarcInput, fromDomain: string, walker: TreeWalker, reason: string): DmarcReport {
  const spfAligned = input.spf.result === 'pass' && toAsciiDomain(input.spf.domain) === fromDomain;
  const dkimAligned = input.dkim.some((report) => report.result === 'pass' && report.domain === fromDomain);
  const explanation = `The DMARC policy of ${fromDomain} could not be looked up: ${reason}.`;
  return { result: 'temperror', fromDomain, spfAligned, dkimAligned, explanation, walk: [...walker.asked] };
}

async function judgeAlignment(input: DmarcInput, fromDomain: string, applicable: ApplicablePolicy, walker: TreeWalker): Promise<DmarcReport> {
  const { record } = applicable;
  const alignment = new Alignment(walker, fromDomain);
  const spfDomain = toAsciiDomain(input.spf.domain);
  const spf = input.spf.result === 'pass' ? await alignment.check(spfDomain, record.aspf) : 'no';
  const dkimPasses = input.dkim.filter((report) => report.result === 'pass' && report.domain !== undefined);
  const dkim = best(await Promise.all(dkimPasses.map((report) => alignment.check(report.domain as string, record.adkim))));
  const passes = spf === 'yes' || dkim === 'yes';
  // A pass by the very same domain needs no walk, so none is made just for the report.
  const organizational = passes && !alignment.walked ? undefined : await alignment.knownOrganizationalDomain();
  const facts = {
    fromDomain,
    policyDomain: applicable.domain,
    ...(organizational !== undefined && { organizationalDomain: organizational }),
    policy: applicable.policy,
    policyTag: applicable.policyTag,
    ...(record.testMode && { testMode: true }),
    spfAligned: spf === 'yes',
    dkimAligned: dkim === 'yes',
    record: record.text,
  };
  const finish = (result: DmarcReport['result'], explanation: string): DmarcReport => ({ result, ...facts, explanation, walk: [...walker.asked] });
  if (passes) {
    const by = [spf === 'yes' && `SPF (${spfDomain})`, dkim === 'yes' && 'DKIM'].filter(Boolean).join(' and ');
    return finish('pass', `${fromDomain} is authenticated by ${by}.`);
  }
  const doubt = spf === 'unknown' || dkim === 'unknown' ? 'the organizational domain could not be looked up' : temporaryDoubt(input, organizational ?? topLabel(fromDomain));
  if (doubt) return finish('temperror', `DMARC of ${fromDomain} could not be decided: ${doubt}.`);
  return finish('fail', `Neither SPF nor DKIM authenticates ${fromDomain}: ${whyNot(input, spfDomain)}.`);
}

type Aligned = 'yes' | 'no' | 'unknown';

class Alignment {
  readonly #walker: TreeWalker;
  readonly #fromDomain: string;
  walked = false;

  constructor(walker: TreeWalker, fromDomain: string) {
    this.#walker = walker;
    this.#fromDomain = fromDomain;
  }

  async organizationalDomain(): Promise<string> {
    this.walked = true;
    return (await this.#walker.walk(this.#fromDomain)).organizationalDomain;
  }

  /** Undefined when the walk fails. */
  async knownOrganizationalDomain(): Promise<string | undefined> {
    try {
      return await this.organizationalDomain();
    } catch (problem) {
      if (problem instanceof WalkFailure) return undefined;
      throw problem;
    }
  }

  /** RFC 9989 §4.10.2. */
  async check(domain: string, mode: 'r' | 's'): Promise<Aligned> {
    if (domain === this.#fromDomain) return 'yes';
    if (mode === 's') return 'no';
    // Both have their top-level domain in common or nothing: saves strangers' walks.
    if (topLabel(domain) !== topLabel(this.#fromDomain)) return 'no';
    try {
      const own = await this.organizationalDomain();
      // Who shares the organizational domain lies in it.
      if (!isSameOrBelow(domain, own)) return 'no';
      return (await this.#walker.walk(domain)).organizationalDomain === own ? 'yes' : 'no';
    } catch (problem) {
      if (problem instanceof WalkFailure) return 'unknown';
      throw problem;
    }
  }
}

function topLabel(domain: string): string {
  return domain.slice(domain.lastIndexOf('.') + 1);
}

function best(results: readonly Aligned[]): Aligned {
  if (results.includes('yes')) return 'yes';
  return results.includes('unknown') ? 'unknown' : 'no';
}

/** RFC 9989 §5.3.2: with a temporary error that might have become an aligned pass there is no fail. */
function temporaryDoubt(input: DmarcInput, within: string): string | undefined {
  const related = (domain: string | undefined): boolean => domain !== undefined && isSameOrBelow(domain, within);
  if (input.spf.result === 'temperror' && related(toAsciiDomain(input.spf.domain))) return `SPF of ${input.spf.domain} could not be checked`;
  const signature = input.dkim.find((report) => report.result === 'temperror' && related(report.domain));
  return signature && `the DKIM key of ${signature.domain} could not be looked up`;
}

function whyNot(input: DmarcInput, spfDomain: string): string {
  const spf = input.spf.result === 'pass' ? `SPF passed for ${spfDomain}, which is not aligned` : `SPF gave ${input.spf.result}`;
  if (input.dkim.length === 0) return `${spf}, and there is no DKIM signature`;
  const passed = input.dkim.find((report) => report.result === 'pass');
  if (passed) return `${spf}, and the valid DKIM signature is of ${passed.domain}`;
  return `${spf}, and no DKIM signature verified (${input.dkim[0]?.reason ?? input.dkim[0]?.result})`;
}
