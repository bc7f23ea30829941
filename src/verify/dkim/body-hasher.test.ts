import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { createBodyHasher, createMessageBodyHasher, type BodyHashOptions, type Canonicalization } from './body-hasher.ts';

function digest(body: string, options: Partial<BodyHashOptions> = {}, cuts: readonly number[] = []): string {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256', ...options });
  const bytes = Buffer.from(body, 'latin1');
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    hasher.update(bytes.subarray(at, cut));
    at = cut;
  }
  return hasher.digest().toString('base64');
}

/** The definition of RFC 6376 §3.4.3 and §3.4.4, line by line, to compare with. */
function reference(body: string, form: Canonicalization): string {
  let lines = body.split('\r\n');
  if (form === 'relaxed') lines = lines.map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  if (lines.length === 0) return form === 'simple' ? '\r\n' : '';
  return `${lines.join('\r\n')}\r\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('base64');
}

test('empty bodies have the hashes that RFC 6376 §3.4.3 and §3.4.4 print', () => {
  assert.equal(digest('', { canonicalization: 'simple' }), 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=');
  assert.equal(digest('', { canonicalization: 'simple', algorithm: 'sha1' }), 'uoq1oCgLlTqpdDX/iUbLy7J1Wic=');
  assert.equal(digest(''), '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=');
  assert.equal(digest('', { algorithm: 'sha1' }), '2jmj7l5rSw0yVb/vlWAYkK/YBwk=');
});

test('the example of RFC 6376 §3.4.5', () => {
  const body = ' C \r\nD \t E\r\n\r\n\r\n';
  assert.equal(digest(body), sha256(' C\r\nD E\r\n'));
  assert.equal(digest(body, { canonicalization: 'simple' }), sha256(' C \r\nD \t E\r\n'));
});

test('blanks only, line ends only, and a last line without end', () => {
  for (const body of ['\r\n', '\r\n\r\n\r\n', ' \r\n\t\r\n', ' ', 'x', 'x ', 'x\r', 'x \r', '\r', ' \r', '\r\r\n', 'a\r\n \r\n \r\nb', 'a\n\n', '\t']) {
    for (const form of ['simple', 'relaxed'] as const) {
      assert.equal(digest(body, { canonicalization: form }), sha256(reference(body, form)), JSON.stringify([body, form]));
    }
  }
});

test('l= hashes only the first bytes of the canonical body and tells the whole length', () => {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256', length: 3 });
  hasher.update(Buffer.from('a  b'));
  hasher.update(Buffer.from('cd\r\n\r\n'));
  assert.equal(hasher.digest().toString('base64'), sha256('a b'));
  assert.equal(hasher.canonicalBytes, 'a bcd\r\n'.length);
  assert.equal(digest('abc\r\n', { length: 0 }), sha256(''));
});

test('a body of many empty lines costs little and hashes right', () => {
  const body = `${'\r\n'.repeat(3000)}x${'\r\n'.repeat(5000)}`;
  assert.equal(digest(body, {}, [1, 2, 3, 4001, 7000]), sha256(`${'\r\n'.repeat(3000)}x\r\n`));
});

test('fuzz: any chunking gives the hash of the definition', () => {
  const random = createSeededRandom();
  for (let round = 0; round < 4000; round += 1) {
    const body = Array.from({ length: random.below(24) }, () => random.pick(['a', ' ', '  ', '\t', '\r\n', '\r\n', '\r', '\n', '\u00a0', 'word'])).join('');
    const cuts = Array.from({ length: random.below(6) }, () => random.below(body.length + 1)).toSorted((a, b) => a - b);
    for (const form of ['simple', 'relaxed'] as const) {
      const message = `seed ${random.seed}: ${JSON.stringify({ body, cuts, form })}`;
      assert.equal(digest(body, { canonicalization: form }, cuts), sha256(reference(body, form)), message);
    }
  }
});

test('the message hasher finds the body wherever the chunks are cut', () => {
  const messages: [string, string][] = [
    ['A: b\r\nC: d\r\n\r\nbody  text\r\n', 'body text\r\n'],
    ['\r\nbody\r\n', 'body\r\n'],
    ['A: b\r\n', ''],
    ['A: b\r\n\r\n', ''],
    ['A: b\r\n\r\n\r\n\r\nx', '\r\n\r\nx\r\n'],
  ];
  for (const [message, canonical] of messages) {
    for (let cut = 0; cut <= message.length; cut += 1) {
      const hasher = createMessageBodyHasher();
      hasher.update(Buffer.from(message.slice(0, cut)));
      hasher.update(Buffer.from(message.slice(cut)));
      assert.equal(hasher.digest().toString('base64'), sha256(canonical), JSON.stringify([message, cut]));
    }
  }
});
