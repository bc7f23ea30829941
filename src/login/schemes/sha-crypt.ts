/**
 * SHA-256 and SHA-512 of crypt(3), `$5$` and `$6$`: Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (2007), whose
 * steps the comments number.
 */
import { createHash } from 'node:crypto';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';

const ROUNDS_DEFAULT = 5000;
const ROUNDS_MIN = 1000;
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Which bytes of the digest go together into four characters. */
const ORDER_512 = [0, 21, 42, 22, 43, 1, 44, 2, 23, 3, 24, 45, 25, 46, 4, 47, 5, 26, 6, 27, 48, 28, 49, 7, 50, 8, 29, 9, 30, 51, 31, 52, 10, 53, 11, 32, 12, 33, 54, 34, 55, 13, 56, 14, 35, 15, 36, 57, 37, 58, 16, 59, 17, 38, 18, 39, 60, 40, 61, 19, 62, 20, 41, -1, -1, 63] as const;
const ORDER_256 = [0, 10, 20, 21, 1, 11, 12, 22, 2, 3, 13, 23, 24, 4, 14, 15, 25, 5, 6, 16, 26, 27, 7, 17, 18, 28, 8, 9, 19, 29, -1, 31, 30] as const;

/** The hash of `password` with the salt and rounds of `like`; undefined when that cannot be read. */
export function sha2Crypt(like: string, password: string): string | undefined {
  const match = /^\$([56])\$(?:rounds=(\d{1,9})\$)?([^$]{0,16})(?:\$|$)/.exec(like);
  if (!match) return undefined;
  const rounds = match[2] === undefined ? ROUNDS_DEFAULT : Math.max(Number(match[2]), ROUNDS_MIN);
  if (rounds > ACCOUNT_LIMITS.shaCryptRoundsMax) return undefined;
  const algorithm = match[1] === '6' ? 'sha512' : 'sha256';
  const key = Buffer.from(password, 'utf8');
  const salt = Buffer.from(match[3] as string, 'utf8');
  const digest = stretch(algorithm, key, salt, rounds);
  const prefix = `$${match[1]}$${match[2] === undefined ? '' : `rounds=${rounds}$`}${match[3]}$`;
  return prefix + encode(digest, algorithm === 'sha512' ? ORDER_512 : ORDER_256);
}

function stretch(algorithm: 'sha256' | 'sha512', key: Buffer, salt: Buffer, rounds: number): Buffer {
  const hash = (...parts: readonly Uint8Array[]): Buffer => parts.reduce((made, part) => made.update(part), createHash(algorithm)).digest();
  // 4 to 8: digest B.
  const b = hash(key, salt, key);
  // 1 to 3 and 9 to 12: digest A, in which the bits of the length choose.
  const parts: Uint8Array[] = [key, salt, repeat(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) parts.push((bits & 1) === 1 ? b : key);
  let a = hash(...parts);
  // 13 to 20: P from the password, S from the salt.
  const p = repeat(hash(...Array<Buffer>(key.length).fill(key)), key.length);
  const s = repeat(hash(...Array<Buffer>(16 + (a[0] as number)).fill(salt)), salt.length);
  // 21.
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1;
    const made: Uint8Array[] = [odd ? p : a];
    if (round % 3 !== 0) made.push(s);
    if (round % 7 !== 0) made.push(p);
    made.push(odd ? a : p);
    a = hash(...made);
  }
  return a;
}

function repeat(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** 22 e: three bytes become four characters, the lowest six bits first; the last group is shorter. */
function encode(digest: Buffer, order: readonly number[]): string {
  let text = '';
  for (let at = 0; at < order.length; at += 3) {
    const group = order.slice(at, at + 3);
    let value = group.reduce((sum, index) => (sum << 8) | (index < 0 ? 0 : (digest[index] as number)), 0);
    const bytes = group.filter((index) => index >= 0).length;
    for (let characters = bytes === 3 ? 4 : bytes + 1; characters > 0; characters -= 1) {
      text += ALPHABET[value & 0x3f];
      value >>= 6;
    }
  }
  return text;
}
