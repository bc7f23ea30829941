import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { derivePassword } from '../../store/password.ts';
import { fitsScheme } from './password-scheme.ts';
import { SchemeVerifier } from './scheme-verifier.ts';
import { sha2Crypt } from './sha-crypt.ts';

/** The vectors of Drepper's specification. */
const CRYPT = [
  ['$5$saltstring', 'Hello world!', '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['$6$saltstring', 'Hello world!', '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1'],
] as const;

test('crypt(3) with SHA-256 and SHA-512', () => {
  assert.equal(sha2Crypt(CRYPT[0][0], CRYPT[0][1]), CRYPT[0][2]);
  assert.equal(sha2Crypt(CRYPT[1][0], CRYPT[1][1]), CRYPT[1][2]);
});

test('hashes of other systems', async () => {
  const salt = randomBytes(8);
  const ssha = (algorithm: string): string => Buffer.concat([createHash(algorithm).update('secret').update(salt).digest(), salt]).toString('base64');
  const stored = [
    '{PLAIN}secret',
    `{SSHA}${ssha('sha1')}`,
    `{SSHA256}${ssha('sha256')}`,
    `{SSHA512}${ssha('sha512')}`,
    `{SHA256}${createHash('sha256').update('secret').digest('base64')}`,
    '{SHA256}' + createHash('sha256').update('secret').digest('hex'),
    '{CRYPT}' + (sha2Crypt('$6$abcdefgh', 'secret') as string),
    sha2Crypt('$5$rounds=1000$abcdefgh', 'secret') as string,
    `{ARGON2ID}${(await derivePassword('secret12')).hash}`,
  ];
  for (const hash of stored) {
    const right = hash.startsWith('{ARGON2ID}') ? 'secret12' : 'secret';
    assert.equal(await fitsScheme(hash, right), true, hash);
    assert.equal(await fitsScheme(hash, 'Secret'), false, hash);
  }
});

test('what cannot be checked is temporary, not wrong', async () => {
  for (const hash of ['', 'secret', '{MD5}xyz', '$1$salt$hash', '{SSHA}AAAA', '$2y$31$' + 'a'.repeat(53), '{PBKDF2}x', '$6$rounds=999999999$x$y']) {
    await assert.rejects(fitsScheme(hash, 'x'), { code: 'password-hash-unusable', temporary: true }, hash);
  }
});

test('slow ones are checked in a thread, and remembered', async () => {
  const { default: bcrypt } = await import('bcryptjs');
  const hash = await bcrypt.hash('secret', 4);
  const verifier = new SchemeVerifier();
  try {
    assert.equal(await verifier.fits(`{BLF-CRYPT}${hash.replace('$2b$', '$2y$')}`, 'secret'), true);
    assert.equal(await verifier.fits(hash, 'Secret'), false);
    await assert.rejects(verifier.fits('$6$rounds=999999999$x$y', 'x'), { temporary: true });
  } finally {
    await verifier.close();
  }
});
