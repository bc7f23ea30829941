import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { missingTool } from '../../../test/harness/missing-tool.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { parseHeader } from '../../mail/header.ts';
import { createMessageBodyHasher } from './body-hasher.ts';
import { prepareHeaders, signDkim } from './sign-dkim.ts';
import { verifyDkim } from './verify-dkim.ts';

const NOW = Date.UTC(2026, 10, 1);
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ED25519 = generateKeyPairSync('ed25519');

function spkiRecord(key: KeyObject): string {
  return `v=DKIM1; k=rsa; p=${key.export({ format: 'der', type: 'spki' }).toString('base64')}`;
}

const ZONE: Zone = {
  's1r._domainkey.example.org': { TXT: [spkiRecord(RSA.publicKey)] },
  // RFC 8463 §4: the 32 bytes of the key, without the SubjectPublicKeyInfo around them.
  's1e._domainkey.example.org': { TXT: [`v=DKIM1; k=ed25519; p=${ED25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64')}`] },
};

/** Messages that are awkward to canonicalise. */
const MESSAGES: Record<string, string> = {
  plain: 'From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: Hello\r\nDate: Sun, 1 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello Bob.\r\n',
  blanks: 'From:   Alice   <alice@example.org>  \r\nSubject:  a \t b\r\n\tc   \r\nTo : bob@example.net\r\n\r\n  x  y \t \r\n\t\r\n z\r\n\r\n\r\n',
  'empty body': 'From: alice@example.org\r\nSubject:\r\n\r\n',
  'no line end': 'From: alice@example.org\r\n\r\nthe end',
  'eight bit': 'From: alice@example.org\r\nSubject: Gr\u00fc\u00dfe x\r\n\r\nn\u00a0 b\u00a0\r\n',
  many: `From: alice@example.org\r\n${Array.from({ length: 30 }, (_, index) => `List-Post: <mailto:l${index}@example.org>\r\n`).join('')}Cc: a@example.net\r\nCc: b@example.net\r\n\r\nx\r\n`,
};

async function signWith(message: Buffer, algorithm: 'rsa-sha256' | 'ed25519-sha256', now = NOW): Promise<Buffer> {
  const hasher = createMessageBodyHasher();
  hasher.update(message);
  const isRsa = algorithm === 'rsa-sha256';
  return signDkim({
    fields: parseHeader(message).fields,
    bodyHash: hasher.digest(),
    domain: 'example.org',
    selector: isRsa ? 's1r' : 's1e',
    algorithm,
    privateKey: isRsa ? RSA.privateKey : ED25519.privateKey,
    now,
  });
}

async function verifyHere(message: Buffer, zone = ZONE) {
  return verifyDkim(createZoneDns(zone), new BufferSource(message), parseHeader(message), { now: NOW });
}

/** The resolver form that mailauth asks for. */
async function mailauthResolver(name: string, type: string): Promise<string[][]> {
  const entry = ZONE[name];
  const texts = entry === undefined || entry === 'FAIL' || type !== 'TXT' ? undefined : entry.TXT;
  if (!texts || texts === 'FAIL') throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  return texts.map((text) => (typeof text === 'string' ? [text] : [...text]));
}

for (const [name, text] of Object.entries(MESSAGES)) {
  for (const algorithm of ['rsa-sha256', 'ed25519-sha256'] as const) {
    test(`our ${algorithm} signature of "${name}" verifies here and in mailauth`, async () => {
      const message = Buffer.from(text, 'latin1');
      const field = await signWith(message, algorithm);
      for (const line of field.toString().split('\r\n')) assert.ok(line.length <= 78, line);
      const signed = Buffer.concat([field, message]);
      assert.deepEqual((await verifyHere(signed)).map((report) => [report.result, report.reason]), [['pass', undefined]]);
      const { results } = await dkimVerify(signed, { resolver: mailauthResolver, curTime: new Date(NOW) });
      assert.deepEqual(results.map((entry) => entry.status.result), ['pass']);
    });
  }
}

for (const canonicalization of ['relaxed/relaxed', 'simple/simple', 'relaxed/simple', 'simple/relaxed']) {
  test(`mailauth's ${canonicalization} signatures verify here`, async () => {
    for (const [name, text] of Object.entries(MESSAGES)) {
      const message = Buffer.from(text, 'latin1');
      const { signatures } = await dkimSign(message, {
        canonicalization,
        signTime: new Date(NOW),
        signatureData: [
          { signingDomain: 'example.org', selector: 's1r', privateKey: RSA.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
          { signingDomain: 'example.org', selector: 's1e', privateKey: ED25519.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
        ],
      } as never);
      const reports = await verifyHere(Buffer.concat([Buffer.from(signatures), message]));
      assert.deepEqual(reports.map((report) => [report.result, report.reason]), [['pass', undefined], ['pass', undefined]], name);
    }
  });
}

const OPENDKIM = 'opendkim';

test('opendkim verifies our signatures', { skip: missingTool(OPENDKIM) }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-opendkim-'));
  try {
    const configuration = join(folder, 'opendkim.conf');
    writeFileSync(join(folder, 'keys'), `s1r._domainkey.example.org ${spkiRecord(RSA.publicKey)}\n`);
    writeFileSync(configuration, `Mode v\nSyslog no\nTestPublicKeys ${join(folder, 'keys')}\n`);
    // The last byte of this Subject (UTF-8 of an a with grave) is no blank, although latin1 calls it one; mailauth errs here.
    const all = { ...MESSAGES, 'ends in a0': 'From: alice@example.org\r\nSubject: voil\u00c3\u00a0\r\n\r\nx\u00a0\r\n' };
    const file = join(folder, 'message.eml');
    const judge = (message: Buffer): string => {
      writeFileSync(file, message);
      return spawnSync(OPENDKIM, ['-f', '-v', '-x', configuration, '-t', file], { timeout: 10_000 }).stdout.toString();
    };
    for (const [name, text] of Object.entries(all)) {
      // Its test mode reads whole lines only.
      if (!text.endsWith('\r\n')) continue;
      const message = Buffer.from(text, 'latin1');
      // Its clock is the real one, and it minds signatures from the future.
      const field = await signWith(message, 'rsa-sha256', Date.now() - 60_000);
      assert.match(judge(Buffer.concat([field, message])), /succeeded/, name);
      assert.match(judge(Buffer.concat([field, message, Buffer.from('more\r\n')])), /failed|did not|mismatch/i, name);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('fields that must not be added or doubled later are sealed', () => {
  const { fields } = parseHeader(Buffer.from('From: a@example.org\r\nTo: b@example.net\r\nDate: x\r\nList-Unsubscribe: <https://x>\r\nReceived: y\r\n\r\n'));
  const count = (name: string) => prepareHeaders(fields).names.filter((other) => other === name).length;
  assert.deepEqual(
    ['from', 'to', 'cc', 'subject', 'reply-to', 'date', 'message-id', 'list-unsubscribe', 'received'].map((name) => [name, count(name)]),
    [['from', 2], ['to', 2], ['cc', 1], ['subject', 1], ['reply-to', 1], ['date', 2], ['message-id', 0], ['list-unsubscribe', 1], ['received', 0]],
  );
});

test('adding a second From, a Cc or a Subject breaks the signature; a trace field does not', async () => {
  const message = Buffer.from('From: alice@example.org\r\nTo: b@example.net\r\n\r\nx\r\n');
  const signed = Buffer.concat([await signWith(message, 'rsa-sha256'), message]);
  for (const added of ['From: eve@example.org', 'Cc: eve@example.net', 'Subject: buy']) {
    assert.equal((await verifyHere(Buffer.concat([Buffer.from(`${added}\r\n`), signed])))[0]?.result, 'fail', added);
  }
  assert.equal((await verifyHere(Buffer.concat([Buffer.from('Received: from x by y\r\n'), signed])))[0]?.result, 'pass');
});
