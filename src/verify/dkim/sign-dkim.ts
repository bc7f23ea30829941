/**
 * DKIM signing (RFC 6376 §5): relaxed/relaxed, RSA-2048 or Ed25519, one field per call.
 *
 * The body hash is made while the message arrives, the header text is small, and the private-key operation runs on
 * Node's thread pool, so that the event loop never waits. Key objects are made once by whoever keeps the keys.
 */
import { createHash, sign, type KeyObject } from 'node:crypto';
import type { HeaderField } from '../../mail/header.ts';
import { canonicalField, relaxedField, selectFields } from './header-canonical.ts';

export interface SigningInput {
  /** All fields of the header as the receiver will see them, top to bottom. */
  readonly fields: readonly HeaderField[];
  /** SHA-256 of the relaxed canonical body. */
  readonly bodyHash: Buffer;
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly privateKey: KeyObject;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Prepared by prepareHeaders, to share between several signatures of one message. */
  readonly prepared?: PreparedHeaders;
}

export interface SignatureKind {
  readonly name: string;
  /** The first tag. */
  readonly version: string;
}

export interface PreparedHeaders {
  /** For h=, in order. */
  readonly names: readonly string[];
  /** Canonical text of the signed fields, latin1. */
  readonly text: string;
}

/** Signed, and one time more than they occur: adding one later breaks the signature. */
const ALWAYS_SEALED = ['from', 'to', 'cc', 'subject', 'reply-to'];
/** The same when they occur: a duplicate must not be added, but a relay may add a missing one. */
const SEALED_IF_PRESENT = ['date', 'message-id', 'mime-version', 'content-type', 'content-transfer-encoding', 'in-reply-to', 'references', 'sender'];
/** Signed when they occur; mailing lists add their own. RFC 8058 §4 asks for the unsubscribe fields. */
const SIGNED_IF_PRESENT = [
  'list-id',
  'list-help',
  'list-unsubscribe',
  'list-unsubscribe-post',
  'list-subscribe',
  'list-post',
  'list-owner',
  'list-archive',
  'feedback-id',
  'cfbl-address',
  'cfbl-feedback-id',
  'auto-submitted',
  'tls-required',
  'tls-report-domain',
  'tls-report-submitter',
];
/** Occurrences of one name that are signed; beyond, a header is an attack on the verifier. */
const OCCURRENCES_MAX = 20;
const LINE_CHARS_MAX = 78;

/** Chooses the header fields to sign and canonicalises them; `also` names some that are signed when they occur. */
export function prepareHeaders(fields: readonly HeaderField[], also: readonly string[] = []): PreparedHeaders {
  const counts = new Map<string, number>();
  for (const { lower } of fields) counts.set(lower, (counts.get(lower) ?? 0) + 1);
  const names: string[] = [];
  const add = (name: string, extra: number): void => {
    const times = Math.min(counts.get(name) ?? 0, OCCURRENCES_MAX) + extra;
    for (let time = 0; time < times; time += 1) names.push(name);
  };
  for (const name of ALWAYS_SEALED) add(name, 1);
  for (const name of SEALED_IF_PRESENT) add(name, counts.has(name) ? 1 : 0);
  for (const name of [...SIGNED_IF_PRESENT, ...also]) add(name, 0);
  const text = selectFields(fields, names).map((field) => canonicalField(field.raw, 'relaxed')).join('');
  return { names, text };
}

/** The whole DKIM-Signature field, folded, with its final CRLF. Rejects when the key cannot sign. */
export function signDkim(input: SigningInput): Promise<Buffer> {
  return signMessage(input, { name: 'DKIM-Signature', version: 'v=1;' });
}

/** The same signature under another name: an ARC-Message-Signature has `i=` where DKIM has its version (RFC 8617 §4.1.2). */
export async function signMessage(input: SigningInput, kind: SignatureKind): Promise<Buffer> {
  const prepared = input.prepared ?? prepareHeaders(input.fields);
  const unsigned = unsignedField(input, kind, prepared.names);
  // RFC 6376 §3.7: the signature's own field comes last, with an empty b= and without the final CRLF.
  const own = relaxedField(unsigned).slice(0, -2);
  const signature = await signText(prepared.text + own, input);
  return signedField(unsigned, signature);
}

/** `unsigned` ends with an empty `b=` on a line of its own. */
export function signedField(unsigned: string, signature: Buffer): Buffer {
  return Buffer.from(`${unsigned}${foldBase64(signature.toString('base64'))}\r\n`, 'latin1');
}

/** Rejects when the key cannot sign. */
export function signText(text: string, input: Pick<SigningInput, 'algorithm' | 'privateKey'>): Promise<Buffer> {
  const data = Buffer.from(text, 'latin1');
  const isRsa = input.algorithm === 'rsa-sha256';
  // RFC 8463 §3: Ed25519 signs the SHA-256 of the header text.
  const message = isRsa ? data : createHash('sha256').update(data).digest();
  return new Promise((resolve, reject) => {
    sign(isRsa ? 'sha256' : null, message, input.privateKey, (error, signature) => (error ? reject(error) : resolve(signature)));
  });
}

function unsignedField(input: SigningInput, kind: SignatureKind, names: readonly string[]): string {
  const seconds = Math.floor(input.now / 1000);
  const tags = [kind.version, `a=${input.algorithm};`, 'c=relaxed/relaxed;', `d=${input.domain};`, `s=${input.selector};`, `t=${seconds};`];
  const lines = [`${kind.name}:`];
  for (const tag of tags) appendWord(lines, tag, ' ');
  appendWord(lines, 'h=', ' ');
  for (const [index, name] of names.entries()) appendWord(lines, name + (index === names.length - 1 ? ';' : ':'), '');
  appendWord(lines, `bh=${input.bodyHash.toString('base64')};`, ' ');
  return `${lines.join('\r\n')}\r\n\tb=`;
}

function appendWord(lines: string[], word: string, separator: string): void {
  const last = lines.at(-1) as string;
  if (last.length + separator.length + word.length <= LINE_CHARS_MAX) lines[lines.length - 1] = last + separator + word;
  else lines.push(`\t${word}`);
}

/** Continues the line `\tb=`. */
function foldBase64(text: string): string {
  const first = LINE_CHARS_MAX - 3;
  const pieces = [text.slice(0, first)];
  for (let at = first; at < text.length; at += LINE_CHARS_MAX - 1) pieces.push(text.slice(at, at + LINE_CHARS_MAX - 1));
  return pieces.join('\r\n\t');
}
