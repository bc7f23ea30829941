/**
 * Why a DKIM signature fails, as far as it can be known: body or header or key, and what was done to them on the way
 * (docs/decisions/0258). What is said to have been changed was found by undoing it and getting the signed hash, so it is
 * sure; what cannot be found is said to be unknown, never guessed.
 */
import type { ByteSource } from '../../../base/byte-source.ts';
import { DKIM_DIAGNOSIS_LIMITS } from '../../../base/dkim-limits.ts';
import type { DkimReport } from '../../../contract/auth-report.ts';
import type { Dns } from '../../../contract/dns.ts';
import { firstField, type HeaderField } from '../../../mail/header.ts';
import { hashBodies, signedText } from '../check-signature.ts';
import { fetchKey, type DkimKey } from '../key-record.ts';
import { parseDkimSignature, type Signature } from '../signature.ts';
import { verifyDkim, type SignedHeader, type VerifyOptions } from '../verify-dkim.ts';
import { searchBody } from './search-body.ts';
import { searchHeader } from './search-header.ts';
import { signedDigest } from './signed-digest.ts';

export interface Diagnosis {
  readonly body: 'same' | 'changed' | 'unknown';
  readonly header: 'same' | 'changed' | 'unknown';
  /** `other`: the published key is not the one that signed. */
  readonly key: 'right' | 'other' | 'unknown';
  /** Fields that were changed, when they are known. */
  readonly changedFields: readonly string[];
  /** In sentences. */
  readonly lines: readonly string[];
}

export interface ExplainedSignature extends DkimReport {
  /** Absent for a signature that passes without remark. */
  readonly why?: Diagnosis;
}

/** One row per signature, in the order of the header. Never rejects for what the DNS did. */
export async function explainDkim(dns: Dns, source: ByteSource, header: SignedHeader, options: VerifyOptions): Promise<ExplainedSignature[]> {
  const reports = await verifyDkim(dns, source, header, options);
  const fields = header.fields.filter((field) => field.lower === 'dkim-signature');
  return Promise.all(
    reports.map(async (report, at): Promise<ExplainedSignature> => {
      const own = fields[at];
      const why = own && (await diagnose(dns, source, header, own, report));
      return why ? { ...report, why } : report;
    }),
  );
}

async function diagnose(dns: Dns, source: ByteSource, header: SignedHeader, field: HeaderField, report: DkimReport): Promise<Diagnosis | undefined> {
  const remarks = remarksOn(report);
  const parsed = parseDkimSignature(field);
  const of = report.domain === undefined ? '' : ` of ${report.domain}`;
  if (parsed.kind === 'unusable') return { body: 'unknown', header: 'unknown', key: 'unknown', changedFields: [], lines: [`So it says nothing about the message. When every message${of} has this, whoever signs it has to mend it.`] };
  if (report.result !== 'fail') return remarks.length === 0 ? undefined : { body: 'unknown', header: 'unknown', key: 'unknown', changedFields: [], lines: remarks };
  const { signature } = parsed;
  const found = await fetchKey(dns, signature.selector, signature.domain);
  const [body, rest] = await Promise.all([diagnoseBody(source, header, signature), found.kind === 'key' ? diagnoseHeader(header, signature, found.key) : undefined]);
  const headerPart = rest ?? { header: 'unknown' as const, key: 'unknown' as const, changedFields: [], lines: [] };
  const lines = [...body.lines, ...headerPart.lines];
  return { body: body.body, header: headerPart.header, key: headerPart.key, changedFields: headerPart.changedFields, lines: [...lines, ...conclusion(body.body, headerPart, report), ...remarks] };
}

async function diagnoseBody(source: ByteSource, header: SignedHeader, signature: Signature): Promise<Pick<Diagnosis, 'body' | 'lines'>> {
  const [now] = await hashBodies(source, header.bodyOffset, [signature]);
  if (!now) return { body: 'unknown', lines: [] };
  if (now.hash.equals(signature.bodyHash) && (signature.bodyLength ?? 0) <= now.canonicalBytes) return { body: 'same', lines: [] };
  if (signature.bodyLength !== undefined && signature.bodyLength > now.canonicalBytes) {
    return { body: 'changed', lines: [`The body was cut off: ${signature.bodyLength} bytes were signed (l=), and ${now.canonicalBytes} are left.`] };
  }
  const size = source.size - header.bodyOffset;
  if (size > DKIM_DIAGNOSIS_LIMITS.bodyBytesMax) return { body: 'changed', lines: ['The body was changed after signing; it is too large to look for what was changed.'] };
  const bytes = source.inMemory ? source.inMemory.subarray(header.bodyOffset) : await source.read(header.bodyOffset, source.size);
  const encoding = firstField([...header.fields], 'content-transfer-encoding')?.value.toLowerCase() ?? '';
  const { what, added } = searchBody(bytes, { form: signature.bodyForm, length: signature.bodyLength, hash: signature.bodyHash }, encoding);
  return { body: 'changed', lines: [what ?? 'The body was changed after signing, and not by a footer, a banner or a new encoding that can be undone.', ...(added ?? []).map((line) => `  + ${line.slice(0, 100)}`)] };
}

type HeaderPart = Pick<Diagnosis, 'header' | 'key' | 'changedFields' | 'lines'>;

async function diagnoseHeader({ fields }: SignedHeader, signature: Signature, key: DkimKey): Promise<HeaderPart> {
  if (!signature.algorithm.startsWith(key.type)) return { header: 'unknown', key: 'other', changedFields: [], lines: [] };
  const oracle = signedDigest(signature.signature, key);
  if (oracle.kind === 'other-key') {
    const name = `${signature.selector}._domainkey.${signature.domain}`;
    return { header: 'unknown', key: 'other', changedFields: [], lines: [`The signature was not made with the private half of the key at ${name}: the record is of another key (or the signature itself was damaged).`, 'If the domain is yours: posthorn dkim check compares the record with the key that signs.'] };
  }
  if (await oracle.isSigned(signedText(fields, signature))) return { header: 'same', key: 'right', changedFields: [], lines: [] };
  const certain = oracle.cheap ? ('right' as const) : ('unknown' as const);
  if (signature.headerForm === 'simple' && (await sameWhenRelaxed(fields, signature, oracle))) {
    return { header: 'changed', key: certain, changedFields: [], lines: ['Header fields were folded or spaced anew after signing: with relaxed canonicalisation (c=relaxed/…) the header would have passed.'] };
  }
  const found = await searchHeader(fields, signature, oracle);
  if (found.kind === 'found') return { header: 'changed', key: 'right', changedFields: found.guesses.map(({ field }) => field), lines: found.guesses.map(({ field, what }) => `${field}: ${what}.`) };
  const names = [...new Set(signature.signedNames)].join(', ');
  const or = oracle.cheap ? '' : ', or the published key is another than the one that signed';
  return { header: 'changed', key: certain, changedFields: [], lines: [`A signed header field was changed, added or removed after signing${or}; none of ${found.trials} usual changes explains it. Signed were: ${names}.`] };
}

/** Simple canonicalisation signs folds and blanks as they are; these are the ways in which they are usually written anew. */
async function sameWhenRelaxed(fields: readonly HeaderField[], signature: Signature, { isSigned }: { readonly isSigned: (text: string) => Promise<boolean> }): Promise<boolean> {
  const ways: readonly ((text: string) => string)[] = [
    (text) => text.replace(/\r\n[ \t]+/g, ' '),
    (text) => text.replace(/\r\n[ \t]+/g, '\r\n '),
    (text) => text.replace(/\r\n[ \t]+/g, '\r\n\t'),
    (text) => text.replace(/\r\n[ \t]+/g, '\r\n        '),
    (text) => text.replace(/^([^:]+):[ \t]*/, '$1: '),
    (text) => text.replace(/[ \t]+(?=\r\n$)/, ''),
    (text) => text.replace(/^([^:]+):[ \t]*/, '$1: ').replace(/[ \t]+/g, ' ').replace(/ (?=\r\n)/g, ''),
    (text) => text.replace(/^([^:]+):[ \t]*/, '$1: ').replace(/\r\n[ \t]+/g, ' ').replace(/[ \t]+/g, ' ').replace(/ (?=\r\n$)/, ''),
  ];
  for (const way of ways) {
    const rewritten = fields.map((field) => (field === signature.field ? field : { ...field, raw: Buffer.from(way(field.raw.toString('latin1')), 'latin1') }));
    if (await isSigned(signedText(rewritten, signature))) return true;
  }
  return false;
}

function conclusion(body: Diagnosis['body'], { header, key }: HeaderPart, { reason = '' }: DkimReport): readonly string[] {
  if (reason.startsWith('signature expired')) return ['The signature was valid when it was made; its time (x=) is over.'];
  if (key === 'other') return [];
  if (body === 'changed' && header === 'same') return ['The header is as it was signed; only the body was changed.'];
  if (body === 'same' && header === 'changed') return ['The body is as it was signed; only the header was changed.'];
  return [];
}

/** What the verdict alone does not tell. */
function remarksOn({ result, reason = '', testing, domain, selector }: DkimReport): readonly string[] {
  const remarks: string[] = [];
  const name = `${selector}._domainkey.${domain}`;
  if (testing) remarks.push('The key says that it is a test (t=y): receivers may treat the message as unsigned.');
  if (reason.startsWith('no key at')) remarks.push(`There is no record at ${name}: it was never published, its selector is mistyped, or it was taken out before the mail arrived.`);
  else if (reason === 'the key is revoked') remarks.push(`The record at ${name} has an empty p=: the owner has withdrawn the key.`);
  else if (reason.startsWith('key too small')) remarks.push('Keys below 1024 bits are not believed by anybody (RFC 8301 §3.2); 2048 are usual.');
  else if (reason.startsWith('i=') || reason.startsWith('the key allows only i=')) remarks.push('The identity (i=) must be of the signing domain (d=), or below it when the key does not say t=s.');
  else if (result === 'temperror') remarks.push('The DNS did not answer; the same message may pass later.');
  else if (result === 'policy' && reason.startsWith('only ')) remarks.push('With l= only the beginning of the body is signed, and anybody may add to it: do not sign with l=.');
  return remarks;
}
