/**
 * Passwords: what is kept of one, checking one, making one up.
 *
 * Kept are an argon2id hash (RFC 9106) as a PHC string and, because SCRAM never shows us the password, SCRAM-SHA-256
 * credentials (RFC 5803) derived at the same time. Cost of the hash: 19 MiB, two passes, one lane, the smallest set that
 * OWASP's password storage sheet names (read 2026-11); about 25 ms of a core, on Node's thread pool.
 *
 * A password is prepared by SASLprep (RFC 4013) before use, as log-ins are, so that one typed on another keyboard fits.
 */
import { argon2, createHash, createHmac, pbkdf2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '../base/errors.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { saslprep } from '../base/saslprep.ts';

const ARGON2 = { memoryKib: 19 * 1024, passes: 2, parallelism: 1, tagBytes: 32, saltBytes: 16 } as const;
/** What a stored hash may ask for, so that a damaged row cannot take all memory. */
const ARGON2_MEMORY_KIB_MAX = 1024 * 1024;
const ARGON2_PASSES_MAX = 16;
const ARGON2_PARALLELISM_MAX = 8;
/** RFC 7677 §4 asks for 4096 at least. */
export const SCRAM_ITERATIONS = 32_768;
export const SCRAM_SALT_BYTES = 16;

const runArgon2 = promisify(argon2);
const runPbkdf2 = promisify(pbkdf2);

/** What the store keeps of a password. */
export interface PasswordCredentials {
  /** PHC string, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. */
  readonly hash: string;
  readonly scramSalt: Buffer;
  readonly scramIterations: number;
  readonly scramStoredKey: Buffer;
  readonly scramServerKey: Buffer;
}

/** Throws a permanent Failure `password-refused` when it is too short, too long or holds what SASLprep prohibits. */
export async function derivePassword(password: string): Promise<PasswordCredentials> {
  const prepared = requireUsable(password);
  const scramSalt = randomBytes(SCRAM_SALT_BYTES);
  const [hash, scram] = await Promise.all([hashPassword(prepared), deriveScram(prepared, scramSalt, SCRAM_ITERATIONS)]);
  return { hash, scramSalt, scramIterations: SCRAM_ITERATIONS, scramStoredKey: scram.storedKey, scramServerKey: scram.serverKey };
}

/** False also for a hash that cannot be read. Constant time in the password. */
export async function verifyPassword(phc: string, password: string): Promise<boolean> {
  const parsed = parsePhc(phc);
  const prepared = Buffer.byteLength(password) > DIRECTORY_LIMITS.passwordBytesMax ? undefined : saslprep(password);
  if (!parsed || prepared === undefined) return false;
  const made = await runArgon2('argon2id', {
    message: prepared,
    nonce: parsed.salt,
    memory: parsed.memoryKib,
    passes: parsed.passes,
    parallelism: parsed.parallelism,
    tagLength: parsed.tag.length,
  });
  return timingSafeEqual(made, parsed.tag);
}

/** RFC 5802 §3: StoredKey and ServerKey; `prepared` as by saslprep. */
export async function deriveScram(
  prepared: string,
  salt: Buffer,
  iterations: number,
): Promise<{ readonly storedKey: Buffer; readonly serverKey: Buffer }> {
  const salted = await runPbkdf2(prepared, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  return {
    storedKey: createHash('sha256').update(clientKey).digest(),
    serverKey: createHmac('sha256', salted).update('Server Key').digest(),
  };
}

/** Without look-alikes (0 o 1 l i), so that it can be read out. */
const READABLE = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Four groups of five letters and digits: 99 bits, `k7mwp-3xq9d-…`. */
export function makePassword(): string {
  return [readableGroup(), readableGroup(), readableGroup(), readableGroup()].join('-');
}

function readableGroup(): string {
  return Array.from({ length: 5 }, () => READABLE[randomInt(READABLE.length)]).join('');
}

async function hashPassword(prepared: string): Promise<string> {
  const salt = randomBytes(ARGON2.saltBytes);
  const tag = await runArgon2('argon2id', {
    message: prepared,
    nonce: salt,
    memory: ARGON2.memoryKib,
    passes: ARGON2.passes,
    parallelism: ARGON2.parallelism,
    tagLength: ARGON2.tagBytes,
  });
  return `$argon2id$v=19$m=${ARGON2.memoryKib},t=${ARGON2.passes},p=${ARGON2.parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

/** A hash that no password fits and that costs as much to check as a real one. */
export function unmatchableHash(): string {
  const salt = unpadded(randomBytes(ARGON2.saltBytes));
  const tag = unpadded(randomBytes(ARGON2.tagBytes));
  return `$argon2id$v=19$m=${ARGON2.memoryKib},t=${ARGON2.passes},p=${ARGON2.parallelism}$${salt}$${tag}`;
}

/** For an account that another back end vouches for, or that nobody logs in to: no password fits. */
export function unmatchableCredentials(): PasswordCredentials {
  return { hash: unmatchableHash(), scramSalt: randomBytes(SCRAM_SALT_BYTES), scramIterations: SCRAM_ITERATIONS, scramStoredKey: randomBytes(32), scramServerKey: randomBytes(32) };
}

/** Returns it prepared. */
function requireUsable(password: string): string {
  const { passwordCharsMin, passwordBytesMax } = DIRECTORY_LIMITS;
  if ([...password].length < passwordCharsMin) refuse(`must have at least ${passwordCharsMin} characters`);
  if (Buffer.byteLength(password) > passwordBytesMax) refuse(`must not be longer than ${passwordBytesMax} bytes`);
  if (/\p{Cc}/u.test(password)) refuse('must not contain control characters');
  return saslprep(password) ?? refuse('must not mix directions of writing, nor contain characters that are unassigned or private');
}

function refuse(why: string): never {
  throw new Failure('password-refused', `the password ${why}`, { temporary: false });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

interface ParsedHash {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

function parsePhc(phc: string): ParsedHash | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{11,172})$/.exec(phc);
  if (!match) return undefined;
  const [memoryKib = 0, passes = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  if (memoryKib > ARGON2_MEMORY_KIB_MAX || passes > ARGON2_PASSES_MAX || parallelism > ARGON2_PARALLELISM_MAX) return undefined;
  if (passes < 1 || parallelism < 1 || memoryKib < 8 * parallelism) return undefined;
  return { memoryKib, passes, parallelism, salt: Buffer.from(match[4] as string, 'base64'), tag: Buffer.from(match[5] as string, 'base64') };
}
