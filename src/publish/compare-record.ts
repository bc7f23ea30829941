/**
 * One wanted record against what stands in its place, by what they mean: SPF by whom it lets pass, DKIM by key, DMARC by
 * tags, the rest by what matters to who reads it.
 */
import { meaningOfValue, splitStrings, txtContent, txtValue } from './record-text.ts';
import type { Role } from './roles.ts';
import { mendedRecord, mergeRecords, withTerms, type SpfJudge, type TornSpf } from './spf-merge.ts';
import { tagsOf, withoutTags, withTag } from './tags.ts';

export type AloneVerdict =
  | { readonly kind: 'good'; readonly note: string }
  /** What stands there with something added: nothing of it is lost. */
  | { readonly kind: 'amended'; readonly value: string; readonly reason: string }
  | { readonly kind: 'different'; readonly value: string; readonly reason: string }
  /** Not ours to replace, whatever is asked for; the reason says what to do by hand. */
  | { readonly kind: 'by-hand'; readonly reason: string }
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

/** An unreadable policy counts as none. In test mode (t=y, or pct=0 as it was written before) the next milder one is what receivers do. */
function strictness(tags: ReadonlyMap<string, string>): number {
  const named = STRICTNESS.indexOf((tags.get('p') ?? 'none').toLowerCase());
  const tested = tags.get('t')?.toLowerCase() === 'y' || /^0+$/.test(tags.get('pct') ?? '');
  return Math.max(0, named - (tested ? 1 : 0));
}

function compareDmarc(text: string, target: string, owned: boolean): AloneVerdict {
  const [is, should] = [tagsOf(text), tagsOf(target)];
  const [published, wanted] = [strictness(is), strictness(should)];
  // As we published it: a policy that the administrator lowered since is theirs to lower.
  if (owned) return sameTags(is, should, ['p', 'sp', 'rua', 'ruf', 'adkim', 'aspf']) ? AS_WANTED : { kind: 'different', value: txtValue(splitStrings(target)), reason: dmarcReason(published, wanted) };
  if (!STRICTNESS.includes((is.get('p') ?? '').toLowerCase())) return { kind: 'different', value: txtValue(splitStrings(withTag(text, 'p', STRICTNESS[wanted] ?? 'none'))), reason: 'the published DMARC record has no valid policy' };
  if (published > wanted) return { kind: 'good', note: `stricter than wanted (p=${STRICTNESS[published]}): it stays` };
  if (published === wanted) return { kind: 'good', note: is.get('rua') === should.get('rua') ? 'as wanted' : `the policy is as wanted; ${is.get('rua') ? 'reports go where somebody chose' : 'it asks nobody for reports'}` };
  const raised = withTag(withoutTags(text, ['t', 'pct']), 'p', STRICTNESS[wanted] ?? 'none');
  return { kind: 'different', value: txtValue(splitStrings(raised)), reason: dmarcReason(published, wanted) };
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
      const amended = withTerms(merged, judgement.terms);
      if (several !== '') return { kind: 'different', value: written(amended), reason: several };
      return { kind: 'amended', value: written(amended), reason: `SPF does not let ${addressesIn(judgement.terms)} pass; it is added, the rest of the record stays${lengthNote(amended)}` };
    }
    case 'broken':
      return mendBroken({ merged, target, several, detail: judgement.detail, ...(judgement.torn && { torn: judgement.torn }) }, (record) => spf(domain, record, target));
    case 'unknown':
      return { kind: 'unknown', detail: judgement.detail };
  }
}

interface BrokenSpf {
  readonly merged: string;
  readonly target: string;
  /** Why several become one; '' for one. */
  readonly several: string;
  readonly detail: string;
  readonly torn?: TornSpf;
}

/**
 * In front, our addresses are found before receivers give up on the rest. Where a term cannot be read they give up on all of
 * it, so a record without that term takes mail from nobody; nothing else of what others wrote is ever left out.
 */
async function mendBroken({ merged, target, several, detail, torn }: BrokenSpf, judge: (record: string) => ReturnType<SpfJudge>): Promise<AloneVerdict> {
  const terms = target.split(' ').slice(1).filter((term) => /^(?:ip[46]:|a$|mx$)/i.test(term));
  const text = withTerms(torn ? mendedRecord(torn.readable) : merged, terms.filter((term) => !torn?.readable.includes(term)));
  const judgement = await judge(text);
  if (judgement.kind === 'unknown') return judgement;
  if (judgement.kind !== 'good') return { kind: 'by-hand', reason: `receivers cannot use the published SPF record: ${detail}. It cannot be mended without losing what others wrote, so nothing is replaced: mend it by hand, with ${terms.join(' ')} right behind v=spf1, and plan again` };
  if (torn) return { kind: 'different', value: written(text), reason: `${tornReason(torn, several)}${lengthNote(text)}` };
  const reason = `receivers give up on the published SPF record: ${detail}; ${addressesIn(terms)} goes in front, where it is found before that, and the rest stays for you to mend${lengthNote(text)}`;
  return several === '' ? { kind: 'amended', value: written(text), reason } : { kind: 'different', value: written(text), reason: several };
}

/** How much of a term of strangers is quoted in a sentence. */
const TERM_CHARS = 80;

function tornReason({ unreadable }: TornSpf, several: string): string {
  const named = unreadable.map(({ term, detail }) => `${term.length > TERM_CHARS ? `${term.slice(0, TERM_CHARS)}…` : term} (${detail})`).join(', ');
  const them = unreadable.length === 1 ? 'it' : 'them';
  return `${several === '' ? '' : `${several}; `}receivers ignore the whole SPF record while it holds ${named}; the new one leaves ${them} out and keeps the rest: if ${them === 'it' ? 'it was' : 'they were'} meant for a sender of yours, add ${them} again as it should be written`;
}

function addressesIn(terms: readonly string[]): string {
  return terms.map((term) => term.replace(/^ip[46]:/, '')).join(', ');
}

/** RFC 7208 §3.4: so that the answer fits into one datagram of 512 octets. */
const SPF_OCTETS_ADVISED = 450;

function lengthNote(text: string): string {
  return text.length <= SPF_OCTETS_ADVISED ? '' : `; the record is now ${text.length} octets long, and beyond ${SPF_OCTETS_ADVISED} some receivers miss it: take out what is not needed`;
}

function written(text: string): string {
  return txtValue(splitStrings(text));
}
