/**
 * The sign stage: DKIM signatures for mail that leaves in the name of a domain of ours.
 *
 * d= is the From domain when it has keys, else its closest parent that has some (relaxed alignment, RFC 9989 §4.4.1).
 * RSA comes first in the list of results and on top of the header, since some verifiers look only at the first.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { SigningKey, SigningKeys } from '../../contract/directory.ts';
import type { ParsedHeader } from '../../mail/header.ts';
import { createBodyHasher } from '../../verify/dkim/body-hasher.ts';
import { prepareHeaders, signDkim } from '../../verify/dkim/sign-dkim.ts';
import { toAsciiDomain } from '../../verify/domain-name.ts';

export interface SignInput {
  /** Of the message as it will be sent, repairs included. */
  readonly header: Pick<ParsedHeader, 'fields' | 'bodyOffset'>;
  readonly content: ByteSource;
  /** Made while the message arrived; made here when absent. */
  readonly relaxedBodyHash?: Buffer;
  readonly fromDomain: string;
}

export interface SignatureFacts {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: SigningKey['algorithm'];
}

export interface Signed {
  /** DKIM-Signature fields to put on top of the header; empty when no key fits. */
  readonly fields: Buffer;
  readonly signatures: readonly SignatureFacts[];
}

export interface Signer {
  /** True when there is nothing to sign with, for whatever domain. */
  readonly idle: boolean;
  /** Rejects when a key cannot sign or the content cannot be read: the message must not leave unsigned then. */
  sign(input: SignInput): Promise<Signed>;
}

export interface SignerOptions {
  readonly keys: SigningKeys;
  readonly config: Pick<Config, 'dkim'>;
  /** Default: the system's time. */
  readonly clock?: Pick<Clock, 'now'>;
}

const EMPTY_LINE = '\r\n\r\n';
const UNSIGNED: Signed = { fields: Buffer.alloc(0), signatures: [] };
/** Parents asked for keys: hostile From domains have many labels. */
const PARENTS_MAX = 8;

export function createSigner(options: SignerOptions): Signer {
  return {
    get idle() {
      return options.keys.none;
    },
    async sign(input) {
      const keys = await keysFor(options, toAsciiDomain(input.fromDomain));
      if (keys.length === 0) return UNSIGNED;
      const bodyHash = (await arrivedHash(input)) ?? (await hashBody(input.content, input.header.bodyOffset));
      const prepared = prepareHeaders(input.header.fields);
      const now = options.clock?.now() ?? Date.now();
      const fields = await Promise.all(keys.map((key) => signDkim({ fields: input.header.fields, bodyHash, now, prepared, ...key })));
      return {
        fields: Buffer.concat(fields),
        signatures: keys.map(({ domain, selector, algorithm }) => ({ domain, selector, algorithm })),
      };
    },
  };
}

async function keysFor({ keys, config }: SignerOptions, fromDomain: string): Promise<readonly SigningKey[]> {
  const labels = fromDomain.split('.');
  for (let cut = 0; cut < Math.min(labels.length - 1, PARENTS_MAX); cut += 1) {
    const all = await keys.forDomain(labels.slice(cut).join('.'));
    if (all.length === 0) continue;
    const wanted = all.filter((key) => config.dkim.sign.some((name) => key.algorithm.startsWith(name)));
    return [...wanted].sort((a, b) => Number(b.algorithm === 'rsa-sha256') - Number(a.algorithm === 'rsa-sha256'));
  }
  return [];
}

/**
 * The hash made on arrival counts the body from the first CRLF CRLF. Where a header ends otherwise (bare LF from a local
 * door), that is another body, and a signature over it would fail everywhere.
 */
async function arrivedHash({ relaxedBodyHash, header: { bodyOffset }, content }: SignInput): Promise<Buffer | undefined> {
  if (!relaxedBodyHash || bodyOffset === content.size) return relaxedBodyHash;
  const from = Math.max(0, bodyOffset - EMPTY_LINE.length);
  const end = content.inMemory?.subarray(from, bodyOffset) ?? (await content.read(from, bodyOffset));
  return EMPTY_LINE.endsWith(end.toString('latin1')) ? relaxedBodyHash : undefined;
}

async function hashBody(content: ByteSource, bodyOffset: number): Promise<Buffer> {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  for await (const chunk of content.chunks(bodyOffset)) hasher.update(chunk);
  return hasher.digest();
}
