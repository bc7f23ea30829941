/**
 * One-time codes by time: TOTP (RFC 6238) over HOTP (RFC 4226), with SHA-1, six digits and steps of 30 seconds, which is
 * what every authenticator app understands.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ACCOUNT_LIMITS } from '../base/account-limits.ts';

/** Bytes; RFC 4226 §4 R6 asks for 160 bits. */
export const TOTP_SECRET_BYTES = 20;
const STEP_MS = 30_000;
const DIGITS = 6;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Whole steps since 1970. */
export function totpStep(nowMs: number): number {
  return Math.floor(nowMs / STEP_MS);
}

/** RFC 4226 §5.3. */
export function totpCode(secret: Buffer, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = (digest.at(-1) as number) & 0x0f;
  return String((digest.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits).padStart(digits, '0');
}

/** The step whose code this is, of those that a clock may be wrong by; undefined when it is none. */
export function findTotpStep(secret: Buffer, code: string, nowMs: number): number | undefined {
  const given = Buffer.from(code.replaceAll(' ', ''));
  if (given.length !== DIGITS) return undefined;
  const now = totpStep(nowMs);
  let found: number | undefined;
  for (let step = now - ACCOUNT_LIMITS.totpSkewSteps; step <= now + ACCOUNT_LIMITS.totpSkewSteps; step += 1) {
    if (timingSafeEqual(Buffer.from(totpCode(secret, step)), given)) found = step;
  }
  return found;
}

/** RFC 4648 §6, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let value = 0;
  let bits = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >> bits) & 31];
    }
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

/** What a QR code for an authenticator app holds. */
export function totpUri(account: string, issuer: string, secret: Uint8Array): string {
  return `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
