/** What `posthorn dmarc check|explain` answer: the tree walk, the record tag by tag, and what it means for the domain. */
import { Failure } from '../base/errors.ts';
import { explainDmarcRecord, type ExplainedTag } from '../verify/dmarc/explain-record.ts';
import { TreeWalker, WalkFailure, type FoundRecord } from '../verify/dmarc/tree-walk.ts';
import { isWellFormedDomain, toAsciiDomain } from '../verify/domain-name.ts';
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
  readonly tags: readonly ExplainedTag[];
  /** Sentences: how SPF and DKIM must align for mail of this domain. */
  readonly alignment: readonly string[];
  /** Sentences: what is wrong or unwise, and what to do. */
  readonly problems: readonly string[];
}

/** Rejects with Failure `bad-domain` (permanent) or `dns-failed` (temporary). */
export async function answerDmarc({ dns }: VerifyContext, name: string): Promise<DmarcAnswer> {
  const domain = toAsciiDomain(name);
  if (!isWellFormedDomain(domain)) throw new Failure('bad-domain', `"${name.slice(0, 100)}" is not a domain name: write it like example.org`, { temporary: false });
  const walker = new TreeWalker(dns);
  try {
    const { found, organizationalDomain } = await walker.walk(domain);
    const own = found.find((each) => each.domain === domain);
    // RFC 9989 §4.10.1: the domain's own record, else that of its organisation.
    const applying = own ?? found.find((each) => each.domain === organizationalDomain);
    const walk = walker.asked.map((asked) => ({ name: asked, finding: findingOf(found.find((each) => `_dmarc.${each.domain}` === asked), applying, organizationalDomain) }));
    const base = { domain, asked: walker.asked, walk, organizationalDomain };
    if (!applying) return { ...base, tags: [], alignment: [], problems: [`${domain} has no DMARC record: others can write in its name. Publish _dmarc.${domain}. TXT "v=DMARC1; p=none; rua=mailto:dmarc@${domain}"`] };
    const { record } = applying;
    const policy = own ? record.p : (record.sp ?? record.p);
    const tags = explainDmarcRecord(record.text);
    const problems = [
      ...tags.flatMap(({ problem }) => (problem === undefined ? [] : [problem])),
      ...(record.empty ? ['The record has no policy that counts: give it p=none, p=quarantine or p=reject.'] : []),
      ...(record.rua.length === 0 ? [`Nobody gets reports: add rua=mailto:dmarc@${domain}`] : []),
      ...(policy === 'none' && !record.empty ? ['The policy is none: nothing happens to mail that fails. When the reports show for a month that all of your mail passes, go to p=quarantine.'] : []),
    ];
    return { ...base, recordOf: applying.domain, record: record.text, policy, tags, alignment: alignmentOf(domain, organizationalDomain, record), problems };
  } catch (error) {
    if (error instanceof WalkFailure) throw new Failure('dns-failed', `DMARC of ${domain} could not be looked up now: ${error.message}`, { cause: error });
    throw error;
  }
}

function findingOf(here: FoundRecord | undefined, applying: FoundRecord | undefined, organizational: string): string {
  if (!here) return 'no record';
  const roles = [here === applying ? 'this record applies' : 'a record that does not apply here', ...(here.domain === organizational ? ['the organisation'] : []), ...(here.record.psd === 'y' ? ['a public suffix'] : [])];
  return roles.join(', ');
}

function alignmentOf(domain: string, organizational: string, { adkim, aspf }: { readonly adkim: 'r' | 's'; readonly aspf: 'r' | 's' }): readonly string[] {
  const within = (mode: 'r' | 's'): string => (mode === 's' ? `exactly ${domain}` : `${organizational} or any name below it`);
  return [`DKIM aligns when the signature is of ${within(adkim)}.`, `SPF aligns when the return path is in ${within(aspf)}.`, 'One of both has to pass and align.'];
}
