/**
 * Password hashes of other systems: `{SCHEME}hash` as Dovecot writes them, or the bare forms of crypt(3) and PHC.
 *
 * Taken: argon2id and argon2i, bcrypt (`$2y$`, {BLF-CRYPT}), SHA-256 and SHA-512 of crypt(3), salted and plain SHA of
 * LDAP ({SSHA}, {SHA}, {SSHA256}, {SSHA512}, …), {PBKDF2}, {SCRAM-SHA-256}, {PLAIN}. Not taken, since they are broken or
 * nearly: DES and MD5 of crypt(3), $apr1$, {MD5}, {NTLM}. A hash that cannot be read is the administrator's trouble, and
 * temporary: "wrong password" would send the user looking for it.
 */
import { argon2, createHash, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import { deriveScram } from '../../store/password.ts';
import { sha2Crypt } from './sha-crypt.ts';

const runArgon2 = promisify(argon2);
const runPbkdf2 = promisify(pbkdf2);
const ARGON2_MEMORY_KIB_MAX = 1024 * 1024;
const ARGON2_PASSES_MAX = 16;

interface Scheme {
  readonly name: string;
  readonly rest: string;
}

/** Constant time in the password. Throws a temporary Failure `password-hash-unusable` for a hash that cannot be checked. */
export async function fitsScheme(stored: string, password: string): Promise<boolean> {
  const { name, rest } = parseScheme(stored);
  const check = CHECKS[name];
  if (!check) throw unusable(`the scheme ${name || '(none)'} is not supported`);
  return check(rest, password);
}

/** Is the hash worth a thread of its own? The others run in the pool of the process, or in microseconds. */
export function isSlow(stored: string): boolean {
  const { name } = parseScheme(stored);
  return name === 'BCRYPT' || name === 'SHA256-CRYPT' || name === 'SHA512-CRYPT';
}

function parseScheme(stored: string): Scheme {
  const match = /^\{([A-Za-z0-9.+-]{1,30})\}([\s\S]*)$/.exec(stored);
  if (!match) return { name: ofPrefix(stored), rest: stored };
  const name = (match[1] as string).toUpperCase().replace(/\.(?:B64|BASE64)$/, '');
  const rest = match[2] as string;
  return { name: name === 'CRYPT' ? ofPrefix(rest) : (ALIASES[name] ?? name), rest };
}

const ALIASES: Readonly<Record<string, string>> = { 'BLF-CRYPT': 'BCRYPT', ARGON2ID: 'ARGON2', ARGON2I: 'ARGON2', CLEARTEXT: 'PLAIN', CLEAR: 'PLAIN' };

function ofPrefix(hash: string): string {
  if (/^\$2[abxy]\$/.test(hash)) return 'BCRYPT';
  if (hash.startsWith('$5$')) return 'SHA256-CRYPT';
  if (hash.startsWith('$6$')) return 'SHA512-CRYPT';
  if (/^\$argon2(?:id|i)\$/.test(hash)) return 'ARGON2';
  return '';
}

type Check = (rest: string, password: string) => boolean | Promise<boolean>;

const CHECKS: Readonly<Record<string, Check>> = {
  PLAIN: (rest, password) => same(Buffer.from(rest), Buffer.from(password)),
  SHA: digesting('sha1', 20, false),
  SHA1: digesting('sha1', 20, false),
  SHA256: digesting('sha256', 32, false),
  SHA512: digesting('sha512', 64, false),
  SSHA: digesting('sha1', 20, true),
  SSHA256: digesting('sha256', 32, true),
  SSHA512: digesting('sha512', 64, true),
  'SHA256-CRYPT': (rest, password) => sameText(sha2Crypt(rest, password), rest),
  'SHA512-CRYPT': (rest, password) => sameText(sha2Crypt(rest, password), rest),
  BCRYPT: checkBcrypt,
  ARGON2: checkArgon2,
  PBKDF2: checkPbkdf2,
  'SCRAM-SHA-256': checkScram,
};

/** Digest, then the salt, in base64 or hexadecimal. */
function digesting(algorithm: string, bytes: number, salted: boolean): Check {
  return (rest, password) => {
    const raw = /^(?:[0-9a-fA-F]{2})+$/.test(rest) && rest.length >= bytes * 2 ? Buffer.from(rest, 'hex') : Buffer.from(rest, 'base64');
    if (salted ? raw.length <= bytes : raw.length !== bytes) throw unusable('the digest has another length');
    return same(createHash(algorithm).update(password, 'utf8').update(raw.subarray(bytes)).digest(), raw.subarray(0, bytes));
  };
}

async function checkBcrypt(rest: string, password: string): Promise<boolean> {
  const rounds = /^\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(rest)?.[1];
  if (rounds === undefined || Number(rounds) > ACCOUNT_LIMITS.bcryptRoundsMax) throw unusable('the bcrypt hash is damaged or costs too much');
  const { default: bcrypt } = await import('bcryptjs');
  return bcrypt.compare(password, rest.replace(/^\$2x/, '$2y'));
}

async function checkArgon2(rest: string, password: string): Promise<boolean> {
  const match = /^\$(argon2id|argon2i)\$v=19\$m=(\d{1,8}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{11,172})$/.exec(rest);
  const [memory = 0, passes = 0, parallelism = 0] = (match?.slice(2, 5) ?? []).map(Number);
  if (!match || memory > ARGON2_MEMORY_KIB_MAX || passes > ARGON2_PASSES_MAX || passes < 1 || parallelism < 1 || parallelism > 8 || memory < 8 * parallelism) {
    throw unusable('the argon2 hash is damaged or costs too much');
  }
  const tag = Buffer.from(match[6] as string, 'base64');
  const nonce = Buffer.from(match[5] as string, 'base64');
  return same(await runArgon2(match[1] as 'argon2id' | 'argon2i', { message: password, nonce, memory, passes, parallelism, tagLength: tag.length }), tag);
}

/** Dovecot: `$1$salt$rounds$hex`, HMAC-SHA-1. */
async function checkPbkdf2(rest: string, password: string): Promise<boolean> {
  const match = /^\$1\$([^$]{1,64})\$(\d{1,8})\$([0-9a-f]{40})$/.exec(rest);
  if (!match || Number(match[2]) < 1 || Number(match[2]) > ACCOUNT_LIMITS.pbkdf2RoundsMax) throw unusable('the PBKDF2 hash is damaged or costs too much');
  return same(await runPbkdf2(password, match[1] as string, Number(match[2]), 20, 'sha1'), Buffer.from(match[3] as string, 'hex'));
}

/** Dovecot: `rounds,salt,StoredKey,ServerKey` in base64. */
async function checkScram(rest: string, password: string): Promise<boolean> {
  const [rounds = '', salt = '', storedKey = ''] = rest.split(',');
  if (!/^\d{4,7}$/.test(rounds) || Number(rounds) > ACCOUNT_LIMITS.pbkdf2RoundsMax) throw unusable('the SCRAM credentials are damaged');
  return same((await deriveScram(password, Buffer.from(salt, 'base64'), Number(rounds))).storedKey, Buffer.from(storedKey, 'base64'));
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function sameText(a: string | undefined, b: string): boolean {
  if (a === undefined) throw unusable('the crypt hash is damaged or costs too much');
  return same(Buffer.from(a), Buffer.from(b));
}

function unusable(why: string): Failure {
  return new Failure('password-hash-unusable', `a password hash of a back end cannot be checked: ${why}`);
}
