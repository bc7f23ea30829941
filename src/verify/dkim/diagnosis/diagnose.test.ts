/** A message is signed, changed as it happens on the way, and the diagnosis must name the change. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../../base/byte-source.ts';
import { parseHeader } from '../../../mail/header.ts';
import { createBodyHasher } from '../body-hasher.ts';
import { signedText } from '../check-signature.ts';
import { parseDkimSignature } from '../signature.ts';
import { signDkim } from '../sign-dkim.ts';
import { explainDkim, type ExplainedSignature } from './diagnose.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const OTHER = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ED = generateKeyPairSync('ed25519');
const NOW = Date.UTC(2026, 10, 1);
const NAME = 's._domainkey.example.org';

const HEADER = [
  'From: Alice Example <alice@example.org>',
  'To: list@lists.example.net',
  'Subject: Meeting on Monday',
  'Date: Sun, 01 Nov 2026 10:00:00 +0000',
  'Message-ID: <a1@example.org>',
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
].join('\r\n');
const BODY = 'Hello,\r\n\r\nFrom tomorrow on we meet  at ten.\r\n.hidden\r\n\r\nAlice\r\n';
const MESSAGE = `${HEADER}\r\n\r\n${BODY}`;

function zoneWith(key: KeyObject, type = 'rsa'): Zone {
  const der = key.export({ format: 'der', type: 'spki' });
  return { [NAME]: { TXT: [`v=DKIM1; k=${type}; p=${(type === 'rsa' ? der : der.subarray(-32)).toString('base64')}`] } };
}

async function signed(algorithm: 'rsa-sha256' | 'ed25519-sha256' = 'rsa-sha256'): Promise<string> {
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  hasher.update(Buffer.from(BODY));
  const privateKey = algorithm === 'rsa-sha256' ? RSA.privateKey : ED.privateKey;
  const field = await signDkim({ fields: parseHeader(Buffer.from(MESSAGE)).fields, bodyHash: hasher.digest(), domain: 'example.org', selector: 's', algorithm, privateKey, now: NOW });
  return field.toString('latin1') + MESSAGE;
}

/** Signed with c=simple/simple, which our own signer never does. */
function signedSimple(): string {
  const hasher = createBodyHasher({ canonicalization: 'simple', algorithm: 'sha256' });
  hasher.update(Buffer.from(BODY));
  const unsigned = `DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=s; h=from:to:subject; bh=${hasher.digest().toString('base64')}; b=`;
  const placeholder = `${unsigned}AAAA\r\n${MESSAGE}`;
  const { fields } = parseHeader(Buffer.from(placeholder));
  const parsed = parseDkimSignature(fields[0] as (typeof fields)[0]);
  assert.ok(parsed.kind === 'signature');
  return `${unsigned}${sign('sha256', Buffer.from(signedText(fields, parsed.signature), 'latin1'), RSA.privateKey).toString('base64')}\r\n${MESSAGE}`;
}

async function explain(message: string, zone: Zone = zoneWith(RSA.publicKey), now = NOW): Promise<ExplainedSignature> {
  const bytes = Buffer.from(message, 'latin1');
  const [row] = await explainDkim(createZoneDns(zone), new BufferSource(bytes), parseHeader(bytes), { now });
  return row ?? assert.fail('no signature');
}

const FOOTER = '_______________________________________________\r\nList mailing list\r\nlist@lists.example.net\r\n';

describe('why a signature fails', () => {
  it('says nothing about one that passes', async () => {
    const row = await explain(await signed());
    assert.deepEqual([row.result, row.why], ['pass', undefined]);
  });

  for (const [name, change, fields, line] of [
    ['a tag in the subject', (text: string) => text.replace('Subject: ', 'Subject: [list] '), ['Subject'], /it was "Meeting on Monday"/],
    ['From rewritten by a list', (text: string) => text.replace('From: Alice Example <alice@example.org>', 'From: "Alice via list" <list@lists.example.net>\r\nX-Original-From: Alice Example <alice@example.org>'), ['From'], /rewritten/],
    ['a Reply-To that was added', (text: string) => text.replace('Date:', 'Reply-To: list@lists.example.net\r\nDate:'), ['Reply-To'], /added after signing/],
    ['a second Subject', (text: string) => text.replace('Subject:', 'Subject: Buy now\r\nSubject:'), ['Subject'], /added after signing/],
    ['a tag and a Reply-To', (text: string) => text.replace('Subject: ', 'Subject: [list] ').replace('Date:', 'Reply-To: list@lists.example.net\r\nDate:'), ['Subject', 'Reply-To'], /tag/],
    ['MIME-Version removed', (text: string) => text.replace('MIME-Version: 1.0\r\n', ''), ['mime-version'], /removed/],
    ['the transfer encoding renamed', (text: string) => text.replace('Encoding: 8bit', 'Encoding: quoted-printable'), ['Content-Transfer-Encoding'], /it was "8bit"/],
    ['quoted charset', (text: string) => text.replace('charset=utf-8', 'charset="utf-8"'), ['Content-Type'], /written anew/],
  ] as const) {
    it(`names ${name}`, async () => {
      const { result, why } = await explain(change(await signed()));
      assert.equal(result, 'fail');
      assert.deepEqual([why?.body, why?.header, why?.key], ['same', 'changed', 'right']);
      assert.deepEqual([...(why?.changedFields ?? [])].toSorted(), [...fields].toSorted());
      assert.match(why?.lines.join('\n') ?? '', line);
    });
  }

  for (const [name, change, line] of [
    ['a footer', (text: string) => text + FOOTER, /3 lines were added at the end/],
    ['a banner', (text: string) => text.replace('\r\n\r\nHello', '\r\n\r\nCAUTION: external mail\r\n\r\nHello'), /added at the beginning/],
    ['From quoted as in mbox files', (text: string) => text.replace('\r\nFrom tom', '\r\n>From tom'), /mbox/],
    ['a doubled dot', (text: string) => text.replace('\r\n.hidden', '\r\n..hidden'), /doubled/],
    ['a lost dot', (text: string) => text.replace('\r\n.hidden', '\r\nhidden'), /not by a footer/],
    ['a body cut off', (text: string) => text.replace('\r\nAlice\r\n', '\r\n'), /was changed after signing/],
  ] as const) {
    it(`names ${name} in the body`, async () => {
      const { result, why } = await explain(change(await signed()));
      assert.equal(result, 'fail');
      assert.deepEqual([why?.body, why?.header], ['changed', 'same']);
      assert.match(why?.lines.join('\n') ?? '', line);
    });
  }

  it('tells a changed body and a changed header apart from each other', async () => {
    const { why } = await explain((await signed()).replace('Subject: ', 'Subject: [list] ') + FOOTER);
    assert.deepEqual([why?.body, why?.header, why?.changedFields], ['changed', 'changed', ['Subject']]);
  });

  it('does not guess: a reworded subject stays unknown', async () => {
    const { why } = await explain((await signed()).replace('Monday', 'Tuesday'));
    assert.deepEqual([why?.header, why?.key, why?.changedFields], ['changed', 'right', []]);
    assert.match(why?.lines[0] ?? '', /none of \d+ usual changes explains it/);
  });

  it('tells a record of another key from a changed header', async () => {
    const { why } = await explain(await signed(), zoneWith(OTHER.publicKey));
    assert.deepEqual([why?.key, why?.header, why?.body], ['other', 'unknown', 'same']);
  });

  it('finds changes under Ed25519, too', async () => {
    const { why } = await explain((await signed('ed25519-sha256')).replace('Subject: ', 'Subject: [list] '), zoneWith(ED.publicKey, 'ed25519'));
    assert.deepEqual(why?.changedFields, ['Subject']);
  });

  it('says when relaxed canonicalisation would have passed', async () => {
    assert.equal((await explain(signedSimple())).result, 'pass');
    const folded = await explain(signedSimple().replace('Subject: Meeting on Monday', 'Subject:  Meeting on Monday'));
    assert.match(folded.why?.lines.join() ?? '', /with relaxed canonicalisation/);
    const blanks = await explain(signedSimple().replace('meet  at', 'meet at'));
    assert.deepEqual([blanks.why?.header, blanks.why?.body], ['same', 'changed']);
    const trailing = await explain(signedSimple().replace('ten.\r\n', 'ten. \r\n'));
    assert.equal(trailing.why?.body, 'changed');
  });

  it('explains a missing and a withdrawn key', async () => {
    assert.match((await explain(await signed(), {})).why?.lines[0] ?? '', /no record at s\._domainkey/);
    assert.match((await explain(await signed(), { [NAME]: { TXT: ['v=DKIM1; p='] } })).why?.lines[0] ?? '', /withdrawn/);
  });

  it('stays bounded when the header is a flood of fields', async () => {
    const flood = Array.from({ length: 400 }, (_, at) => `Subject: x${at}\r\n`).join('');
    const { why } = await explain((await signed()).replace('Subject: Meeting on Monday', `${flood}Subject: other`));
    assert.equal(why?.header, 'changed');
  });
});
