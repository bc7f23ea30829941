/** What `posthorn dmarc check|explain` answer: the tree walk, the record tag by tag, and what it means for the domain. */
import { Failure } from '../../base/errors.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { discoverPolicy, type ApplicablePolicy } from '../../verify/dmarc/discover-policy.ts';
import { explainDmarcRecord, type ExplainedTag } from '../../verify/dmarc/explain-record.ts';
import { TreeWalker, WalkFailure, type Discarded, type FoundRecord } from '../../verify/dmarc/tree-walk.ts';
import { isPublicDomain, toAsciiDomain } from '../../verify/domain-name.ts';
import type { VerifyContext } from './verify.ts';

export interface DmarcAnswer {
  readonly domain: string;
  /** Names asked, in order (RFC 9989 §4.10). */
  readonly asked: readonly string[];
  /** The same with what was found there. */
  readonly walk: readonly { readonly name: string; readonly finding: string }[];
  readonly organizationalDomain: string;
  /** Whose record applies; undefined: there is no DMARC. */
  readonly recordOf?: string;
  readonly record?: string;
  /** Of the record, for this very domain. */
  readonly policy?: 'none' | 'quarantine' | 'reject';
  /** The tag that it is from: `p` of its own record, `sp` and `np` of one above. */
  readonly policyTag?: ApplicablePolicy['policyTag'];
  readonly tags: readonly ExplainedTag[];
  /** Sentences: how SPF and DKIM must align for mail of this domain. */
  readonly alignment: readonly string[];
  /** Sentences: what is wrong or unwise, and what to do. */
  readonly problems: readonly string[];
}

/** Rejects with Failure `bad-domain` (permanent) or `dns-failed` (temporary). */
export async function answerDmarc(context: VerifyContext, name: string): Promise<DmarcAnswer> {
  const domain = toAsciiDomain(name);
  if (!isPublicDomain(domain)) throw new Failure('bad-domain', `"${name.slice(0, 100)}" is not a domain name: write it like example.org`, { temporary: false });
  const dns = createDeadlineDns(context.dns, context.clock, AUTHENTICATION_LIMITS.timeoutMs);
  try {
    return await look(dns, domain);
  } catch (error) {
    if (error instanceof WalkFailure) throw new Failure('dns-failed', `DMARC of ${domain} could not be looked up now: ${error.message}`, { cause: error });
    throw error;
  } finally {
    dns.close();
  }
}

async function look(dns: Dns, domain: string): Promise<DmarcAnswer> {
  const walker = new TreeWalker(dns);
  const { found, organizationalDomain } = await walker.walk(domain);
  const applying = await discoverPolicy(dns, walker, domain);
  const asked = [...walker.asked];
  const walk = asked.map((at) => ({ name: at, finding: findingOf(found.find((each) => `_dmarc.${each.domain}` === at), walker.discarded.get(at), applying?.domain, organizationalDomain) }));
  const discarded = [...walker.discarded].map(([at, each]) => discardedProblem(at, each));
  const base = { domain, asked, walk, organizationalDomain };
  if (!applying) {
    const missing = !domain.includes('.') ? `${domain} is a top-level domain, and its registry publishes no DMARC policy for the domains below it that have none.` : `${domain} has no DMARC record: others can write in its name. Publish _dmarc.${domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${domain}"`;
    return { ...base, tags: [], alignment: [], problems: discarded.length > 0 ? discarded : [missing] };
  }
  const { record, policy, policyTag } = applying;
  const tags = explainDmarcRecord(record.text);
  const problems = [
    ...discarded,
    ...tags.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
    ...(record.empty ? ['The record has no policy that counts, and asks for no reports, so there is no DMARC: give it p=none, p=quarantine or p=reject.'] : []),
    ...(record.rua.length === 0 ? [`Nobody gets reports: add rua=mailto:dmarc@${applying.domain}`] : []),
    ...(record.empty ? [] : policyProblems(policy, tags)),
  ];
  return { ...base, recordOf: applying.domain, record: record.text, ...(record.empty ? {} : { policy, policyTag }), tags, alignment: alignmentOf(domain, organizationalDomain, record), problems };
}

function policyProblems(policy: ApplicablePolicy['policy'], tags: readonly ExplainedTag[]): readonly string[] {
  const policies = tags.filter(({ tag }) => /^(?:p|sp|np)$/i.test(tag));
  if (policy === 'none' && policies.some(({ problem }) => problem !== undefined)) return ['Until that is mended, receivers act as with p=none: nothing happens to mail that fails.'];
  if (!policies.some(({ tag }) => tag.toLowerCase() === 'p')) return ['It has no p=, so receivers act as with p=none: add p=none, p=quarantine or p=reject behind v=DMARC1;'];
  return policy === 'none' ? ['The policy is none: nothing happens to mail that fails. When the reports show for a month that all of your mail passes, go to p=quarantine.'] : [];
}

function discardedProblem(name: string, discarded: Discarded): string {
  if (discarded.kind === 'several') return `There are ${discarded.count} DMARC records at ${name}: receivers then act as if there were none. Delete all but one.`;
  const quoted = /^\s*["']/.test(discarded.text);
  return `The TXT record at ${name} is not taken for DMARC, since it does not begin with "v=DMARC1;"${quoted ? ': there are quotation marks in it, which belong around the record and not into it' : ' in exactly this way'}. It is: ${discarded.text.slice(0, TEXT_SHOWN)}`;
}

const TEXT_SHOWN = 200;

function findingOf(here: FoundRecord | undefined, discarded: Discarded | undefined, applying: string | undefined, organizational: string): string {
  if (discarded) return discarded.kind === 'several' ? `${discarded.count} records, which count as none` : 'a record that cannot be read as DMARC';
  if (!here) return 'no record';
  const roles = [here.domain === applying ? 'this record applies' : 'a record that does not apply here', ...(here.domain === organizational ? ['the organisation'] : []), ...(here.record.psd === 'y' ? ['a public suffix'] : [])];
  return roles.join(', ');
}

function alignmentOf(domain: string, organizational: string, { adkim, aspf }: { readonly adkim: 'r' | 's'; readonly aspf: 'r' | 's' }): readonly string[] {
  const within = (mode: 'r' | 's'): string => (mode === 's' ? `exactly ${domain}` : `${organizational} or any name below it`);
  return [`DKIM aligns when the signature is of ${within(adkim)}.`, `SPF aligns when the return path is in ${within(aspf)}.`, 'One of both has to pass and align.'];
}
