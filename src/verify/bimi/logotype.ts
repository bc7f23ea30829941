/**
 * The logo inside a mark certificate (logotype extension, RFC 9399) against the one that is published. Mark certificates
 * hold the picture itself as a `data:` address, mostly packed by gzip, and a digest of what the address leads to.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { children, contentOf } from '../../base/der-reading.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { LOGO_BYTES_MAX } from './svg-profile.ts';

/** id-pe-logotype, 1.3.6.1.5.5.7.1.12, as DER. */
const LOGOTYPE = Buffer.from('06082b0601050507010c', 'hex');
const TAG = { octetString: 0x04, ia5String: 0x16, extensions: 0xa3, constructed: 0x20 } as const;
const DEPTH_MAX = 20;
const GZIP = 0x1f8b;
const UNPACKED_BYTES_MAX = 4 * LOGO_BYTES_MAX;

interface Logotype {
  /** The pictures in it, unpacked. */
  readonly logos: readonly Buffer[];
  readonly digests: readonly Buffer[];
}

/** `logo`: as published; undefined: it could not be fetched. */
export function judgeLogotype(certificate: X509Certificate, logo: Buffer | undefined): DeploymentFinding {
  const found = readLogotype(certificate.raw);
  if (!found) return { level: 'fail', text: 'The mark certificate holds no logo (logotype extension), as every one has to.', remedy: 'Ask the authority that made it for another one.' };
  if (!logo) return { level: 'unknown', text: 'Whether the logo of the mark certificate is the published one could not be compared.' };
  if (found.logos.some((one) => one.equals(logo)) || found.digests.some((digest) => digestOf(logo, digest.length)?.equals(digest))) return { level: 'pass', text: 'The logo of the mark certificate is the published one.' };
  // A digest may be that of the packed file, which nobody but the authority has.
  if (found.logos.length === 0) return { level: 'unknown', text: 'The mark certificate holds no picture but a digest that is not that of the published file as it is; it may be that of the packed one.' };
  return { level: 'fail', text: 'The logo of the mark certificate is another one than that which l= leads to: receivers that compare them show none.', remedy: 'Publish exactly the file, byte for byte, that the certificate was made for; or get a certificate for the new logo.' };
}

/** Undefined when there is no such extension, or it cannot be read. */
function readLogotype(certificate: Buffer): Logotype | undefined {
  try {
    const body = children(children(certificate)[0] ?? Buffer.alloc(0));
    const extensions = body.find(([tag]) => tag === TAG.extensions);
    const extension = extensions && children(children(extensions)[0] ?? Buffer.alloc(0)).map(children).find(([id]) => id?.equals(LOGOTYPE));
    const value = extension?.at(-1);
    if (value?.[0] !== TAG.octetString) return undefined;
    const leaves = leavesOf(contentOf(value), 0);
    return {
      logos: leaves.filter(([tag]) => tag === TAG.ia5String).flatMap((leaf) => pictureIn(contentOf(leaf).toString('latin1'))),
      digests: leaves.filter(([tag]) => tag === TAG.octetString).map(contentOf),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function leavesOf(value: Buffer, depth: number): readonly Buffer[] {
  if (((value[0] ?? 0) & TAG.constructed) === 0) return [value];
  return depth >= DEPTH_MAX ? [] : children(value).flatMap((inner) => leavesOf(inner, depth + 1));
}

/** Of a `data:` address (RFC 2397); an address elsewhere is not followed. */
function pictureIn(address: string): readonly Buffer[] {
  const [, packed] = /^data:image\/svg\+xml[^,]{0,100};base64,([A-Za-z0-9+/=\s]+)$/i.exec(address) ?? [];
  if (packed === undefined) return [];
  const bytes = Buffer.from(packed, 'base64');
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== GZIP) return [bytes];
  try {
    return [gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX })];
  } catch {
    return [];
  }
}

function digestOf(bytes: Buffer, length: number): Buffer | undefined {
  const algorithm = { 20: 'sha1', 32: 'sha256', 48: 'sha384', 64: 'sha512' }[length];
  return algorithm === undefined ? undefined : createHash(algorithm).update(bytes).digest();
}
