/**
 * Makes X.509 v3 certificates (RFC 5280) with ECDSA P-256 keys: a self-signed one so that a new server can offer TLS on
 * its first day, and a private CA with certificates below it for the lab.
 *
 * Policy: a server certificate names its hosts in subjectAltName only (RFC 6125 §6.4.4); a CA may issue end entities but
 * no further CAs; everything starts an hour ago, so that a peer with a slow clock accepts it.
 */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { children } from '../base/der-reading.ts';
import { bitString, boolean, integer, octetString, oid, sequence, set, tagged, time, utf8String } from './der.ts';

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const DAY_MS = 86_400_000;
const CLOCK_SKEW_MS = 3_600_000;
/** Length of an uncompressed P-256 point, which ends its SubjectPublicKeyInfo. */
const P256_POINT_BYTES = 65;

/** Both PEM; the key is PKCS#8 and belongs in a file of mode 0600. */
export interface CertificateAndKey {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface CertificateRequest {
  /** Common name; for people. */
  readonly subject: string;
  /** DNS names (`*.` allowed) and IP addresses. Default none. */
  readonly altNames?: readonly string[];
  /** Who signs; must have an EC P-256 key. Default: itself. */
  readonly issuer?: CertificateAndKey;
  /** Default 365; may be negative, which makes an expired certificate. */
  readonly days?: number;
  /** Default false. */
  readonly isCa?: boolean;
  /** Object identifiers of what an end entity is for. Default: TLS. */
  readonly purposes?: readonly string[];
  /** Further extensions: object identifier, and its value as DER. */
  readonly further?: readonly (readonly [id: string, content: Buffer])[];
  /** Milliseconds since 1970. Default: now. */
  readonly nowMs?: number;
}

/** Throws TypeError when the issuer's key is not P-256. */
export function createCertificate(request: CertificateRequest): CertificateAndKey {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = issuerOf(request, own);
  const now = request.nowMs ?? Date.now();
  const expires = now + (request.days ?? 365) * DAY_MS;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const body = sequence(
    tagged(0, true, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    issuer.name,
    sequence(time(Math.min(now, expires - DAY_MS) - CLOCK_SKEW_MS), time(expires)),
    commonName(request.subject),
    own.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, true, sequence(...extensions(request, own.publicKey, issuer.publicKey))),
  );
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, issuer.privateKey)));
  return { certificatePem: pem(certificate), keyPem: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** SHA-256 of the SubjectPublicKeyInfo of a PEM certificate, hex: the data of a TLSA 3 1 1 record (RFC 6698 §2.1). */
export function publicKeyDigest(certificatePem: string): string {
  const key = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('hex');
}

interface Issuer {
  readonly name: Buffer;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

function issuerOf(request: CertificateRequest, own: { privateKey: KeyObject; publicKey: KeyObject }): Issuer {
  if (!request.issuer) return { name: commonName(request.subject), ...own };
  const privateKey = createPrivateKey(request.issuer.keyPem);
  if (privateKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('the key of the issuer is not P-256');
  const certificate = new X509Certificate(request.issuer.certificatePem);
  return { name: subjectName(certificate.raw), privateKey, publicKey: createPublicKey(privateKey) };
}

/** RFC 5280 §4.1.2.4: the issuer field repeats the issuer's subject; copied, since names are compared by their bytes in practice. */
function subjectName(certificate: Buffer): Buffer {
  const body = children(children(certificate)[0] as Buffer);
  const versioned = body[0]?.[0] === 0xa0;
  return body[versioned ? 5 : 4] as Buffer;
}

function extensions(request: CertificateRequest, own: KeyObject, issuer: KeyObject): Buffer[] {
  const isCa = request.isCa ?? false;
  const list = [
    isCa
      ? extension(OID.basicConstraints, true, sequence(boolean(true), integer(Buffer.from([0]))))
      : extension(OID.basicConstraints, true, sequence()),
    // Bits of RFC 5280 §4.2.1.3: keyCertSign and cRLSign for a CA, digitalSignature for a server.
    extension(OID.keyUsage, true, isCa ? bitString(Buffer.from([0x06]), 1) : bitString(Buffer.from([0x80]), 7)),
    extension(OID.subjectKeyIdentifier, false, octetString(keyIdentifier(own))),
    extension(OID.authorityKeyIdentifier, false, sequence(tagged(0, false, keyIdentifier(issuer)))),
  ];
  if (!isCa) list.push(extension(OID.extendedKeyUsage, false, sequence(...(request.purposes ?? [OID.serverAuth, OID.clientAuth]).map(oid))));
  const names = request.altNames ?? [];
  if (names.length > 0) list.push(extension(OID.subjectAltName, false, sequence(...names.map(generalName))));
  return [...list, ...(request.further ?? []).map(([id, content]) => extension(id, false, content))];
}

function extension(id: string, critical: boolean, content: Buffer): Buffer {
  return critical ? sequence(oid(id), boolean(true), octetString(content)) : sequence(oid(id), octetString(content));
}

/** RFC 5280 §4.2.1.6. */
function generalName(name: string): Buffer {
  const family = isIP(name);
  if (family === 0) return tagged(2, false, Buffer.from(name, 'latin1'));
  return tagged(7, false, family === 4 ? Buffer.from(name.split('.').map(Number)) : ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const front = words(head);
  const back = words(tail);
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

function words(part: string | undefined): number[] {
  return part ? part.split(':').map((word) => parseInt(word, 16)) : [];
}

/** RFC 5280 §4.2.1.2 method (1): SHA-1 of the public key's bits; an identifier, not a protection. */
function keyIdentifier(key: KeyObject): Buffer {
  const point = key.export({ type: 'spki', format: 'der' }).subarray(-P256_POINT_BYTES);
  return createHash('sha1').update(point).digest();
}

function commonName(text: string): Buffer {
  return sequence(set(sequence(oid(OID.commonName), utf8String(text))));
}

/** RFC 5280 §4.1.2.2: positive, at most 20 bytes. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytes;
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
