/**
 * ARC chains (RFC 8617 §5.2): did every hop that sealed this message pass on what the one before it saw?
 *
 * The structure is judged first (instances 1 to N, each with its three fields), then the newest message signature, then
 * every seal from the newest down. One failure makes the chain `fail`; DNS trouble makes it `temperror`.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { ArcReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import { hashBodies, signedText, verifyText, type BodyHash } from '../dkim/check-signature.ts';
import { fetchKey, isTooSmall, type KeyResult } from '../dkim/key-record.ts';
import { parseArcMessageSignature, type Signature } from '../dkim/signature.ts';
import type { SignedHeader, VerifyOptions } from '../dkim/verify-dkim.ts';
import { collectArcSets, type ArcSet } from './arc-set.ts';
import { sealedTexts } from './seal.ts';

/** Never rejects for what the DNS did. Without `now` an expiry is not looked at. */
export async function verifyArc(dns: Dns, source: ByteSource, header: SignedHeader, options: Partial<VerifyOptions> = {}): Promise<ArcReport> {
  const collected = collectArcSets(header.fields);
  if (collected.kind === 'none') return { cv: 'none', instances: 0 };
  if (collected.kind === 'broken') return { cv: 'fail', instances: collected.instances, reason: collected.reason };
  const { sets } = collected;
  const newest = sets.at(-1) as ArcSet;
  const about = describe(sets);
  // RFC 8617 §5.2 step 2: a chain that failed before stays failed, without further work.
  if (newest.seal.cv === 'fail') return { cv: 'fail', ...about, reason: `the chain was already broken for ${newest.seal.domain}` };
  const misplaced = sets.find((set) => set.seal.cv !== (set.instance === 1 ? 'none' : 'pass'));
  if (misplaced) return { cv: 'fail', ...about, reason: `seal ${misplaced.instance} has cv=${misplaced.seal.cv}` };
  const keys = keyCache(dns);
  const findings = await Promise.all([checkMessage(source, header, newest, keys, options.now), ...checkSeals(sets, keys)]);
  // A definite failure counts more than a look-up that may succeed later.
  const failed = findings.find((finding) => finding?.cv === 'fail') ?? findings.find((finding) => finding !== undefined);
  if (failed) return { cv: failed.cv, ...about, reason: failed.reason };
  return { cv: 'pass', ...about, sets: sets.map((set) => ({ instance: set.instance, sealer: set.seal.domain, results: set.results })) };
}

function describe(sets: readonly ArcSet[]): { instances: number; sealer: string; firstResults: string } {
  return { instances: sets.length, sealer: (sets.at(-1) as ArcSet).seal.domain, firstResults: (sets[0] as ArcSet).results };
}

interface Finding {
  readonly cv: 'fail' | 'temperror';
  readonly reason: string;
}

type KeyLookup = (selector: string, domain: string) => Promise<KeyResult>;

function keyCache(dns: Dns): KeyLookup {
  const known = new Map<string, Promise<KeyResult>>();
  return (selector, domain) => {
    const name = `${selector} ${domain}`;
    let key = known.get(name);
    if (!key) known.set(name, (key = fetchKey(dns, selector, domain)));
    return key;
  };
}

async function checkMessage(
  source: ByteSource,
  header: SignedHeader,
  set: ArcSet,
  keys: KeyLookup,
  now: number | undefined,
): Promise<Finding | undefined> {
  const parsed = parseArcMessageSignature(set.messageSignature);
  if (parsed.kind === 'unusable') return failure(`message signature ${set.instance}: ${parsed.reason}`);
  const { signature } = parsed;
  const [body] = (await hashBodies(source, header.bodyOffset, [signature])) as [BodyHash];
  if (!body.hash.equals(signature.bodyHash)) return failure(`message signature ${set.instance}: body hash did not verify`);
  if (signature.bodyLength !== undefined && signature.bodyLength !== body.canonicalBytes) {
    return failure(`message signature ${set.instance}: it covers only part of the body`);
  }
  if (signature.expiresAt !== undefined && now !== undefined && signature.expiresAt * 1000 < now) return failure(`message signature ${set.instance} has expired`);
  return checkText(signedText(header.fields, signature), signature, keys, `message signature ${set.instance}`);
}

function checkSeals(sets: readonly ArcSet[], keys: KeyLookup): Promise<Finding | undefined>[] {
  return sealedTexts(sets).map((text, index) => {
    const { seal, instance } = sets[index] as ArcSet;
    return checkText(text, seal, keys, `seal ${instance}`);
  });
}

async function checkText(
  text: string,
  by: Pick<Signature, 'algorithm' | 'domain' | 'selector' | 'signature'>,
  keys: KeyLookup,
  what: string,
): Promise<Finding | undefined> {
  const found = await keys(by.selector, by.domain);
  if (found.kind === 'none') return { cv: found.temporary ? 'temperror' : 'fail', reason: `${what}: ${found.reason}` };
  if (!by.algorithm.startsWith(found.key.type)) return failure(`${what}: the key is for ${found.key.type}`);
  if (isTooSmall(found.key)) return failure(`${what}: key too small (${found.key.bits} bit)`);
  return (await verifyText(text, by.signature, found.key)) ? undefined : failure(`${what} did not verify`);
}

function failure(reason: string): Finding {
  return { cv: 'fail', reason };
}
