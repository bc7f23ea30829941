/**
 * Making one ARC set (RFC 8617 §5.1): what we found out about a message, a signature over the message as it is now, and a
 * seal over the whole chain, so that the next server can believe our results although SPF now passes for us only.
 */
import type { KeyObject } from 'node:crypto';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import { parseHeader, type HeaderField } from '../../mail/header.ts';
import { prepareHeaders, signedField, signMessage, signText } from '../dkim/sign-dkim.ts';
import { collectArcSets, instanceOf, isArcName } from './arc-set.ts';
import { sealedText, type SealedSet } from './seal.ts';

export interface ArcSetInput {
  /** All fields of the header, top to bottom, as the next server will see them. */
  readonly fields: readonly HeaderField[];
  /** SHA-256 of the relaxed canonical body. */
  readonly bodyHash: Buffer;
  /** What our verification says of the chain that is there. */
  readonly cv: 'none' | 'pass' | 'fail';
  /** What stands in our Authentication-Results behind its name: `mx.example.org; spf=pass …`. */
  readonly results: string;
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  readonly privateKey: KeyObject;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type ArcSetMade =
  /** The three fields, to be put on top of the header. */
  | { readonly kind: 'made'; readonly fields: Buffer; readonly instance: number }
  | { readonly kind: 'none'; readonly reason: string };

/** Rejects when the key cannot sign. */
export async function makeArcSet(input: ArcSetInput): Promise<ArcSetMade> {
  const chain = collectArcSets(input.fields);
  const before = chain.kind === 'sets' ? chain.sets : [];
  // RFC 8617 §5.1.2: a chain that a sealer has called broken gets no further sets.
  if (before.at(-1)?.seal.cv === 'fail') return { kind: 'none', reason: 'an earlier sealer found the chain broken' };
  const instance = (chain.kind === 'broken' ? highestInstance(input.fields) : before.length) + 1;
  if (instance > AUTHENTICATION_LIMITS.arcInstancesMax) return { kind: 'none', reason: `the chain has ${instance - 1} sets already` };
  const results = Buffer.from(`ARC-Authentication-Results: i=${instance}; ${input.results}\r\n`, 'latin1');
  // RFC 8617 §4.1.2: signatures on the way are worth signing; our results and the seals are not to be signed here.
  const prepared = prepareHeaders(input.fields, ['dkim-signature']);
  const messageSignature = await signMessage({ ...input, prepared }, { name: 'ARC-Message-Signature', version: `i=${instance};` });
  const seal = await sealOf(input, instance, before, results, messageSignature);
  return { kind: 'made', fields: Buffer.concat([seal, messageSignature, results]), instance };
}

async function sealOf(input: ArcSetInput, instance: number, before: readonly SealedSet[], results: Buffer, messageSignature: Buffer): Promise<Buffer> {
  const { algorithm, cv, domain, selector, now } = input;
  const unsigned = `ARC-Seal: i=${instance}; a=${algorithm}; cv=${cv}; d=${domain};\r\n\ts=${selector}; t=${Math.floor(now / 1000)};\r\n\tb=`;
  const own: SealedSet = { authenticationResults: fieldOf(results), messageSignature: fieldOf(messageSignature), seal: { field: fieldOf(Buffer.from(`${unsigned}\r\n`)) } };
  // RFC 8617 §5.1.2: a seal that says "fail" covers its own set only.
  const text = sealedText(cv === 'fail' ? [own] : [...before, own], cv === 'fail' ? 1 : instance);
  return signedField(unsigned, await signText(text, input));
}

function fieldOf(bytes: Buffer): HeaderField {
  return parseHeader(Buffer.concat([bytes, Buffer.from('\r\n')])).fields[0] as HeaderField;
}

/** Of a chain that is no chain; what cannot be read counts as nothing. Not of seals alone, or ours would join a set that lacks one. */
function highestInstance(fields: readonly HeaderField[]): number {
  const instances = fields.filter(({ lower }) => isArcName(lower)).map(instanceOf);
  return Math.max(0, ...instances.filter((instance) => instance <= AUTHENTICATION_LIMITS.arcInstancesMax));
}
