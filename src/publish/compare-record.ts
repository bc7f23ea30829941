/**
 * One wanted record against what stands in its place, by what they mean: SPF by whom it lets pass, DKIM by key, DMARC by
 * tags, the rest by what matters to who reads it.
 */
import { meaningOfValue, splitStrings, txtContent, txtValue } from './record-text.ts';
import type { Role } from './roles.ts';
import { mergeRecords, withTerms, type SpfJudge } from './spf-merge.ts';
import { tagsOf, withTag } from './tags.ts';

export type AloneVerdict =
  | { readonly kind: 'good'; readonly note: string }
  /** What stands there with something added: nothing of it is lost. */
  | { readonly kind: 'amended'; readonly value: string; readonly reason: string }
  | { readonly kind: 'different'; readonly value: string; readonly reason: string }
  | { readonly kind: 'unknown'; readonly detail: string };

export interface AloneQuestion {
  readonly wanted: string;
  /** One at least. */
  readonly rivals: readonly string[];
  /** All rivals are as we published them. */
  readonly owned: boolean;
  /** Name of the set. */
  readonly domain: string;
  readonly spf: SpfJudge;
}

export async function compareAlone(role: Role, question: AloneQuestion): Promise<AloneVerdict> {
  const { wanted, rivals, owned } = question;
  const [rival = ''] = rivals;
  if (role === 'spf') return compareSpf(question);
  if (role === 'alias') return meaningOfValue('CNAME', rival) === meaningOfValue('CNAME', wanted) ? AS_WANTED : { kind: 'different', value: wanted, reason: `the name leads to ${rival} instead of ${wanted}` };
  const text = txtContent(rival);
  const target = txtContent(wanted);
  if (text === target && rivals.length === 1) return AS_WANTED;
  if (rivals.length > 1) return { kind: 'different', value: wanted, reason: 'several records stand where one may, so receivers heed none of them' };
  switch (role) {
    case 'dkim':
      return sameKey(text, target) ? AS_WANTED : { kind: 'different', value: wanted, reason: 'the published key is another than ours, so signatures do not verify' };
    case 'dmarc':
      return compareDmarc(text, target, owned);
    case 'tls-reports':
      return tagsOf(text).get('rua') && !owned ? { kind: 'good', note: 'TLS reports are asked for; they go where somebody chose' } : differs(text, target, wanted, ['rua'], 'TLS reports go elsewhere');
    case 'mta-sts':
      return differs(text, target, wanted, ['id'], 'the policy has changed, and its id tells senders so');
    case 'bimi':
      return differs(text, target, wanted, ['l', 'a'], 'the logo is another');
    default:
      return { kind: 'different', value: wanted, reason: 'the record says something else' };
  }
}

const AS_WANTED: AloneVerdict = { kind: 'good', note: 'as wanted' };

function differs(text: string, target: string, value: string, names: readonly string[], reason: string): AloneVerdict {
  const [is, should] = [tagsOf(text), tagsOf(target)];
  return names.every((name) => (is.get(name) ?? '') === (should.get(name) ?? '')) ? AS_WANTED : { kind: 'different', value, reason };
}

/** RFC 6376 §3.6.1: k= defaults to rsa; white space in p= means nothing. A key in test mode (t=y) is not what we want. */
function sameKey(text: string, target: string): boolean {
  const [is, should] = [tagsOf(text), tagsOf(target)];
  const flags = (is.get('t') ?? '').toLowerCase().split(':').map((flag) => flag.trim());
  const services = (is.get('s') ?? '*').split(':').map((service) => service.trim().toLowerCase());
  const hashes = is.get('h')?.toLowerCase().split(':').map((hash) => hash.trim());
  return keyOf(is) === keyOf(should) && !flags.includes('y') && (services.includes('*') || services.includes('email')) && (hashes === undefined || hashes.includes('sha256'));
}

function keyOf(tags: ReadonlyMap<string, string>): string {
  return `${(tags.get('k') ?? 'rsa').toLowerCase()} ${(tags.get('p') ?? '').replace(/\s+/g, '')}`;
}

const STRICTNESS: readonly string[] = ['none', 'quarantine', 'reject'];

/** An unreadable policy counts as none. */
function strictness(tags: ReadonlyMap<string, string>): number {
  return Math.max(0, STRICTNESS.indexOf((tags.get('p') ?? 'none').toLowerCase()));
}

function compareDmarc(text: string, target: string, owned: boolean): AloneVerdict {
  const [is, should] = [tagsOf(text), tagsOf(target)];
  const [published, wanted] = [strictness(is), strictness(should)];
  // As we published it: a policy that the administrator lowered since is theirs to lower.
  if (owned) return sameTags(is, should, ['p', 'sp', 'rua', 'ruf', 'adkim', 'aspf']) ? AS_WANTED : { kind: 'different', value: txtValue(splitStrings(target)), reason: dmarcReason(published, wanted) };
  if (!STRICTNESS.includes((is.get('p') ?? '').toLowerCase())) return { kind: 'different', value: txtValue(splitStrings(withTag(text, 'p', STRICTNESS[wanted] ?? 'none'))), reason: 'the published DMARC record has no valid policy' };
  if (published > wanted) return { kind: 'good', note: `stricter than wanted (p=${STRICTNESS[published]}): it stays` };
  if (published === wanted) return { kind: 'good', note: is.get('rua') === should.get('rua') ? 'as wanted' : 'the policy is as wanted; reports go where somebody chose' };
  return { kind: 'different', value: txtValue(splitStrings(withTag(text, 'p', STRICTNESS[wanted] ?? 'none'))), reason: dmarcReason(published, wanted) };
}

function dmarcReason(published: number, wanted: number): string {
  return published === wanted ? 'other details of DMARC are wanted' : `the DMARC policy goes from p=${STRICTNESS[published]} to p=${STRICTNESS[wanted]}`;
}

function sameTags(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>, names: readonly string[]): boolean {
  return names.every((name) => (a.get(name) ?? '').toLowerCase() === (b.get(name) ?? '').toLowerCase());
}

async function compareSpf({ wanted, rivals, owned, domain, spf }: AloneQuestion): Promise<AloneVerdict> {
  const target = txtContent(wanted);
  const texts = rivals.map(txtContent);
  const [text = ''] = texts;
  if (texts.length === 1 && text === target) return AS_WANTED;
  if (owned) return { kind: 'different', value: wanted, reason: 'SPF should say something else now' };
  const merged = texts.length === 1 ? text : mergeRecords(texts);
  const judgement = await spf(domain, merged, target);
  const several = texts.length > 1 ? 'two SPF records are an error for receivers; they become one' : '';
  switch (judgement.kind) {
    case 'good':
      return several === '' ? { kind: 'good', note: judgement.note } : { kind: 'different', value: written(merged), reason: several };
    case 'missing': {
      const value = written(withTerms(merged, judgement.terms));
      if (several !== '') return { kind: 'different', value, reason: several };
      return { kind: 'amended', value, reason: `SPF does not let ${judgement.terms.map((term) => term.replace(/^ip[46]:/, '')).join(', ')} pass; it is added, the rest of the record stays` };
    }
    case 'broken':
      return { kind: 'different', value: wanted, reason: `receivers cannot use the published SPF record: ${judgement.detail}` };
    case 'unknown':
      return { kind: 'unknown', detail: judgement.detail };
  }
}

function written(text: string): string {
  return txtValue(splitStrings(text));
}
