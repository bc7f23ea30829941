/** FETCH over real sockets: every item, of ordinary and of odd messages. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ImapFlow } from 'imapflow';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { PASSWORD, withImap, type ImapKit } from '../harness/imap-kit.ts';

const HEADER = [
  'Date: Fri, 20 Nov 2026 10:00:00 +0100',
  'From: "Lee, Ann" <Ann.Lee@Example.NET>',
  'Sender: office@example.net',
  'To: friends: bob@example.org, Carl <carl@example.org>;, dora@example.org',
  'Subject: =?utf-8?q?h=C3=A4llo?= there',
  'In-Reply-To: <one@example.org>',
  'Message-ID: <two@example.net>',
].map((line) => `${line}\r\n`).join('');

const INNER = 'Subject: inner\r\nFrom: i@example.net\r\n\r\ninner text\r\n';
const NESTED = [
  `${HEADER}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="x y"\r\nContent-Language: de, en\r\n\r\npreamble\r\n`,
  '--x y\r\nContent-Type: multipart/alternative; boundary=alt\r\n\r\n',
  '--alt\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=C3=A4llo=\r\n you\r\n',
  '--alt\r\nContent-Type: text/html\r\nContent-ID: <cid@x>\r\nContent-Description: page\r\n\r\n<p>hello</p>\r\n--alt--\r\n',
  "--x y\r\nContent-Type: application/octet-stream; name*=utf-8''b%C3%A4r.bin\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename*=utf-8''b%C3%A4r.bin\r\nContent-MD5: Q2hlY2s=\r\nContent-Location: http://x/\r\n\r\nAAEC\r\n",
  `--x y\r\nContent-Type: message/rfc822\r\n\r\n${INNER}`,
  '--x y\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: x-mystery\r\n\r\nwho knows\r\n--x y--\r\nepilogue\r\n',
].join('');

async function append(client: ImapDialogue, message: string | Buffer): Promise<void> {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  client.write(`a APPEND INBOX "20-Nov-2026 12:00:00 +0000" ~{${bytes.length}+}\r\n`);
  client.write(bytes);
  client.write('\r\n');
  assert.match((await client.until('a')).at(-1) as string, /^a OK/);
}

async function selected(kit: ImapKit, ...messages: readonly (string | Buffer)[]): Promise<ImapDialogue> {
  const client = await kit.client();
  for (const message of messages) await append(client, message);
  await client.say('SELECT INBOX');
  return client;
}

/** The one answer to a FETCH, without `* 1 FETCH (` and `)`. */
async function fetched(client: ImapDialogue, items: string, set = '1'): Promise<string> {
  const lines = await client.say(`FETCH ${set} ${items}`);
  assert.match(lines.at(-1) as string, /^OK/, lines.join('\n'));
  return /^\* \d+ FETCH \((.*)\)$/s.exec(lines[0] as string)?.[1] ?? lines.join('\n');
}

test('ENVELOPE, BODY and BODYSTRUCTURE say what the message is', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED);
  assert.equal(
    await fetched(client, 'ENVELOPE'),
    'ENVELOPE ("Fri, 20 Nov 2026 10:00:00 +0100" "=?utf-8?q?h=C3=A4llo?= there" (("Lee, Ann" NIL "Ann.Lee" "Example.NET")) ((NIL NIL "office" "example.net")) (("Lee, Ann" NIL "Ann.Lee" "Example.NET")) ' +
      '((NIL NIL "friends" NIL)(NIL NIL "bob" "example.org")("Carl" NIL "carl" "example.org")(NIL NIL NIL NIL)(NIL NIL "dora" "example.org")) NIL NIL "<one@example.org>" "<two@example.net>")',
  );
  const structure = await fetched(client, 'BODYSTRUCTURE');
  assert.equal(
    structure,
    'BODYSTRUCTURE ((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 17 1 NIL NIL NIL NIL)("text" "html" ("charset" "us-ascii") "<cid@x>" "page" "7bit" 12 0 NIL NIL NIL NIL) "alternative" ("boundary" "alt") NIL NIL NIL)' +
      '("application" "octet-stream" ("name*" "utf-8\'\'b%C3%A4r.bin") NIL NIL "base64" 4 "Q2hlY2s=" ("attachment" ("filename*" "utf-8\'\'b%C3%A4r.bin")) NIL "http://x/")' +
      '("message" "rfc822" NIL NIL NIL "7bit" 49 (NIL "inner" ((NIL NIL "i" "example.net")) ((NIL NIL "i" "example.net")) ((NIL NIL "i" "example.net")) NIL NIL NIL NIL NIL) ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 10 0 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)' +
      '("text" "plain" ("charset" "us-ascii") NIL NIL "x-mystery" 9 0 NIL NIL NIL NIL) "mixed" ("boundary" "x y") NIL ("de" "en") NIL)',
  );
  const body = await fetched(client, 'BODY');
  assert.ok(body.startsWith('BODY ((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 17 1)(') && body.endsWith(' "mixed")'), body);
}));

test('sections are the bytes that they name', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED);
  const sections: readonly (readonly [section: string, bytes: string | undefined])[] = [
    ['', NESTED],
    ['HEADER', NESTED.slice(0, NESTED.indexOf('preamble'))],
    ['TEXT', NESTED.slice(NESTED.indexOf('preamble'))],
    ['HEADER.FIELDS (SUBJECT to Nothing)', 'To: friends: bob@example.org, Carl <carl@example.org>;, dora@example.org\r\nSubject: =?utf-8?q?h=C3=A4llo?= there\r\n\r\n'],
    ['HEADER.FIELDS (Nothing)', '\r\n'],
    ['HEADER.FIELDS.NOT (Date From Sender To In-Reply-To Message-ID MIME-Version Content-Type Content-Language)', 'Subject: =?utf-8?q?h=C3=A4llo?= there\r\n\r\n'],
    ['1', NESTED.slice(NESTED.indexOf('--alt\r\n'), NESTED.indexOf('\r\n--x y\r\nContent-Type: application'))],
    ['1.1', 'h=C3=A4llo=\r\n you'],
    ['1.2.MIME', 'Content-Type: text/html\r\nContent-ID: <cid@x>\r\nContent-Description: page\r\n\r\n'],
    ['2', 'AAEC'],
    ['3', INNER.slice(0, -2)],
    ['3.HEADER', INNER.slice(0, INNER.indexOf('inner text'))],
    ['3.HEADER.FIELDS (from)', 'From: i@example.net\r\n\r\n'],
    ['3.TEXT', 'inner text'],
    ['3.1', 'inner text'],
    ['3.1.MIME', INNER.slice(0, INNER.indexOf('inner text'))],
    ['1.1.1', undefined],
    ['9', undefined],
    ['2.HEADER', undefined],
  ];
  for (const [section, bytes] of sections) {
    const told = await fetched(client, `BODY.PEEK[${section}]`);
    assert.equal(told, bytes === undefined ? `BODY[${section}] NIL` : `BODY[${section}] {${bytes.length}}\r\n${bytes}`, section);
  }
  assert.equal(await fetched(client, 'BODY.PEEK[1.1]<2.4>'), 'BODY[1.1]<2> {4}\r\nC3=A');
  assert.equal(await fetched(client, 'BODY.PEEK[1.1]<11.400>'), 'BODY[1.1]<11> {6}\r\n\r\n you');
  assert.equal(await fetched(client, 'BODY.PEEK[1.1]<400.4>'), 'BODY[1.1]<400> {0}\r\n');
  assert.equal(await fetched(client, 'BODY.PEEK[]<2.4>'), `BODY[]<2> {4}\r\n${NESTED.slice(2, 6)}`);
  assert.equal(await fetched(client, 'FLAGS'), 'FLAGS (\\Recent)', 'PEEK marks nothing');
  // Once each, in the order asked for.
  assert.equal(await fetched(client, '(UID BODY.PEEK[2] UID RFC822.SIZE)'), `UID 1 BODY[2] {4}\r\nAAEC RFC822.SIZE ${NESTED.length}`);
}));

test('what is asked for together is what is told alone, of small messages and of those in files', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED, NESTED.replace('AAEC', `${'AAEC'.repeat(19)}\r\n`.repeat(3000)));
  const items = [
    'BODY.PEEK[HEADER.FIELDS (SUBJECT)]', 'BODY.PEEK[HEADER.FIELDS (TO)]<3.9>', 'BODY.PEEK[1.1]', 'BODY.PEEK[1.2]<4.200>', 'BODY.PEEK[2]<76.20>', 'BODY.PEEK[2]<9000000.1>', 'BODY.PEEK[9]',
    'BINARY.PEEK[2]<2.7>', 'BINARY.SIZE[1.1]', 'BODY.PEEK[3.TEXT]', 'BODY.PEEK[]<10.30>', 'ENVELOPE', 'BODY', 'BODYSTRUCTURE', 'PREVIEW', 'BODY.PEEK[]',
  ];
  for (const set of ['1', '2']) {
    const alone = new Map<string, string>();
    for (const item of items) alone.set(item, await fetched(client, item, set));
    const together = (...asked: readonly string[]): Promise<void> =>
      fetched(client, `(${asked.join(' ')})`, set).then((told) => assert.equal(told, asked.map((item) => alone.get(item)).join(' '), asked.join(' ')));
    await together(...items);
    await together(...items.slice(0, -1));
    for (const [at, item] of items.entries()) await together(item, items[(at + 1) % items.length] as string, items[(at + 5) % items.length] as string);
  }
}));

test('BINARY is decoded; an encoding that is not known is told', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED);
  assert.equal(await fetched(client, 'BINARY.PEEK[1.1]'), 'BINARY[1.1] {10}\r\nh\xc3\xa4llo you');
  assert.equal(await fetched(client, 'BINARY.SIZE[1.1]'), 'BINARY.SIZE[1.1] 10');
  assert.equal(await fetched(client, 'BINARY.PEEK[2]'), 'BINARY[2] ~{3}\r\n\0\x01\x02');
  assert.equal(await fetched(client, 'BINARY.PEEK[2]<1.1>'), 'BINARY[2]<1> {1}\r\n\x01');
  assert.equal(await fetched(client, 'BINARY.PEEK[3.1]'), 'BINARY[3.1] {10}\r\ninner text');
  assert.match(await client.result('FETCH 1 BINARY.PEEK[4]'), /^NO \[UNKNOWN-CTE\]/);
  assert.match(await client.result('FETCH 1 BINARY.SIZE[4]'), /^NO \[UNKNOWN-CTE\]/);
}));

test('reading marks as read, once, and not where that is not allowed', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED, NESTED, NESTED);
  const other = await kit.client();
  await other.say('EXAMINE INBOX');
  assert.deepEqual(await client.say('FETCH 1 BODY[2]'), ['* 1 FETCH (BODY[2] {4}\r\nAAEC FLAGS (\\Seen \\Recent))', 'OK FETCH completed']);
  assert.deepEqual(await client.say('FETCH 1 (RFC822.TEXT)').then((lines) => lines.at(-1)), 'OK FETCH completed');
  assert.ok(!(await client.say('FETCH 1 BODY[2]')).join().includes('FLAGS'), 'no news');
  assert.ok((await client.say('FETCH 2 (BINARY[2] FLAGS)'))[0]?.includes('FLAGS (\\Seen \\Recent)'));
  assert.ok(!(await client.say('FETCH 3 (RFC822.HEADER)')).join().includes('Seen'));
  assert.ok(!(await other.say('FETCH 3 BODY[2]')).join().includes('3 FETCH (FLAGS'), 'EXAMINE is read-only');
  assert.ok((await other.say('NOOP')).length >= 1);
  assert.ok((await other.say('FETCH 1:3 FLAGS')).slice(0, 3).join().includes('1 FETCH (FLAGS (\\Seen'));
  assert.equal((await other.say('FETCH 3 FLAGS'))[0], '* 3 FETCH (FLAGS ())');
}));

test('macros, dates, ids, MODSEQ, PREVIEW, CHANGEDSINCE, VANISHED and PARTIAL', () => withImap({}, async (kit) => {
  const client = await selected(kit, NESTED, `Subject: plain\r\n\r\nA preview\r\nof it.\r\n`, 'Subject: third\r\n\r\nx\r\n');
  assert.equal(await fetched(client, 'FAST'), `FLAGS (\\Recent) INTERNALDATE "20-Nov-2026 12:00:00 +0000" RFC822.SIZE ${NESTED.length}`);
  assert.match(await fetched(client, 'ALL'), /^FLAGS .* ENVELOPE \(/);
  assert.match(await fetched(client, 'full'), /^FLAGS .* ENVELOPE \(.* BODY \(/);
  assert.match(await fetched(client, '(EMAILID THREADID SAVEDATE)'), /^EMAILID \(M\d+\) THREADID \(T\d+\) SAVEDATE "[ 0-9]\d-...-\d{4} /);
  assert.equal(await fetched(client, 'PREVIEW', '2'), 'PREVIEW "A preview of it."');
  assert.equal(await fetched(client, '(PREVIEW (LAZY) UID)', '2'), 'PREVIEW "A preview of it." UID 2');
  const modseq = Number(/MODSEQ \((\d+)\)/.exec(await fetched(client, 'MODSEQ', '3'))?.[1]);
  await client.say('STORE 1 +FLAGS.SILENT (\\Flagged)');
  const changed = await client.say(`UID FETCH 1:* FLAGS (CHANGEDSINCE ${modseq})`);
  assert.equal(changed.length, 2);
  assert.match(changed[0] as string, /^\* 1 FETCH \(UID 1 FLAGS \(\\Flagged \\Recent\) MODSEQ \(\d+\)\)$/);
  assert.match(await client.result(`UID FETCH 1:* FLAGS (CHANGEDSINCE ${modseq} VANISHED)`), /^BAD/, 'VANISHED wants QRESYNC');
  assert.match(await client.result('FETCH 1:* FLAGS (PARTIAL 1:2)'), /^BAD/);
  assert.deepEqual((await client.say('UID FETCH 1:* UID (PARTIAL -1:-2)')).slice(0, -1), ['* 2 FETCH (UID 2)', '* 3 FETCH (UID 3)']);
  assert.deepEqual((await client.say('UID FETCH 1:* UID (PARTIAL 3:2)')).slice(0, -1), ['* 2 FETCH (UID 2)', '* 3 FETCH (UID 3)']);
  await client.say('ENABLE QRESYNC');
  await client.say('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await client.say('EXPUNGE');
  const vanished = await client.say(`UID FETCH 1:3 FLAGS (CHANGEDSINCE ${modseq} VANISHED)`);
  assert.equal(vanished[0], '* VANISHED (EARLIER) 2');
  assert.match(vanished[1] as string, /^\* 1 FETCH \(UID 1 FLAGS/);
}));

test('odd messages are told without harm', () => withImap({}, async (kit) => {
  const eightBit = Buffer.from('Subject: gr\xfc\xdfe\r\nFrom: J\xfcrgen <j@example.org>\r\n\r\n\xfc\r\n', 'latin1');
  const huge = `Subject: big\r\n${Array.from({ length: 3000 }, (_, at) => `X-${at}: ${'v'.repeat(40)}\r\n`).join('')}\r\nend\r\n`;
  const odd = [
    eightBit,
    Buffer.from('Subject: utf\r\nFrom: Ж <j@example.org>\r\n\r\nЖ\r\n'),
    '\r\nno header\r\n',
    'Subject: nul\r\n\r\na\0b\r\n',
    'Subject: bare\n\nlf\n',
    'Content-Type: multipart/mixed; boundary=never\r\n\r\nnothing of it\r\n',
    'Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: in digest\r\n\r\nx\r\n--d\r\n\r\n--d--\r\n',
    'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogeA0KDQp4DQo=\r\n',
    huge,
    'no field at all',
  ];
  const client = await selected(kit, ...odd);
  const envelope = async (set: number): Promise<string> => fetched(client, 'ENVELOPE', String(set));
  assert.match(await envelope(1), /"=\?utf-8\?B\?Z3LDvMOfZQ==\?=" \(\("=\?utf-8\?B\?SsO8cmdlbg==\?=" NIL "j" "example.org"\)\)/, 'raw 8-bit text becomes encoded words');
  assert.match(await envelope(3), /^ENVELOPE \(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL\)$/);
  assert.equal(await fetched(client, 'BODY.PEEK[TEXT]', '4'), 'BODY[TEXT] {5}\r\na\x80b\r\n');
  assert.equal(await fetched(client, 'BINARY.PEEK[1]', '4'), 'BINARY[1] ~{5}\r\na\0b\r\n');
  assert.equal(await fetched(client, 'BODY.PEEK[HEADER.FIELDS (subject)]', '5'), 'BODY[HEADER.FIELDS (subject)] {16}\r\nSubject: bare\n\r\n'.replace('{16}', `{${'Subject: bare\n\r\n'.length}}`));
  assert.match(await fetched(client, 'BODYSTRUCTURE', '6'), /"mixed"/);
  assert.match(await fetched(client, 'BODYSTRUCTURE', '7'), /\("message" "rfc822" .* "digest"/);
  assert.match(await fetched(client, 'BODYSTRUCTURE', '8'), /^BODYSTRUCTURE \("message" "rfc822" NIL NIL NIL "base64" \d+ \(NIL NIL .*\) \("text" "plain" .*\) 1 /);
  assert.equal((await fetched(client, 'BODY.PEEK[HEADER]', '9')).length, huge.length - 5 + `BODY[HEADER] {${huge.length - 5}}\r\n`.length);
  assert.equal(await fetched(client, 'BODY.PEEK[]', '10'), 'BODY[] {15}\r\nno field at all');
  await client.say('ENABLE UTF8=ACCEPT');
  assert.match(await envelope(1), /"gr\xc3\xbc\xc3\x9fe" \(\("J\xc3\xbcrgen" NIL/, 'UTF-8 for those who want it');
  for (let set = 1; set <= odd.length; set += 1) await fetched(client, '(ENVELOPE BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[1] BINARY.SIZE[1] PREVIEW)', String(set));
}));

test('a large message is streamed in pieces and whole', () => withImap({ messageBytesMax: 20_000_000 }, async (kit) => {
  const payload = randomBytes(3_000_000).toString('base64').replace(/(.{76})/g, '$1\r\n');
  const head = 'Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsmall\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n';
  const client = await selected(kit, `${head}${payload}\r\n--b--\r\n`);
  assert.equal(await fetched(client, 'BODY.PEEK[1]'), 'BODY[1] {5}\r\nsmall');
  assert.equal(await fetched(client, 'BODY.PEEK[2]'), `BODY[2] {${payload.length}}\r\n${payload}`);
  assert.equal(await fetched(client, 'BODY.PEEK[2]<1000000.50>'), `BODY[2]<1000000> {50}\r\n${payload.slice(1_000_000, 1_000_050)}`);
  assert.equal((await fetched(client, 'BODY.PEEK[]')).length, head.length + payload.length + 9 + `BODY[] {${head.length + payload.length + 9}}\r\n`.length);
}));

test('messages that are gone are told so', () => withImap({}, async (kit) => {
  const client = await selected(kit, 'Subject: a\r\n\r\na\r\n', 'Subject: b\r\n\r\nb\r\n');
  const other = await kit.client();
  await other.say('SELECT INBOX');
  await other.say('STORE 1 +FLAGS (\\Deleted)');
  await other.say('EXPUNGE');
  const lines = await client.say('FETCH 1:2 (UID BODY.PEEK[TEXT])');
  assert.deepEqual(lines.filter((line) => line.includes('BODY')), ['* 2 FETCH (UID 2 BODY[TEXT] {3}\r\nb\r\n)']);
  assert.match(lines.at(-1) as string, /^NO \[EXPUNGEISSUED\]/);
  assert.match(await client.result('FETCH 3 FLAGS'), /^BAD/);
}));

test('imapflow reads what we say', () => withImap({}, async (kit) => {
  await selected(kit, NESTED, 'Subject: plain\r\n\r\nhello\r\n');
  const client = new ImapFlow({ host: '127.33.0.1', port: kit.port, secure: false, doSTARTTLS: false, auth: { user: 'alice@example.org', pass: PASSWORD }, logger: false });
  await client.connect();
  try {
    await client.mailboxOpen('INBOX');
    const message = await client.fetchOne('1', { envelope: true, bodyStructure: true, source: true, uid: true, size: true, threadId: true, headers: ['subject'] });
    assert.ok(message);
    assert.equal(message.envelope?.subject, 'hällo there');
    assert.equal(message.envelope?.from?.[0]?.address, 'Ann.Lee@Example.NET');
    assert.equal(message.bodyStructure?.childNodes?.length, 4);
    assert.equal(message.source?.toString('latin1'), NESTED);
    assert.match(message.headers?.toString() ?? '', /^Subject: /);
    assert.deepEqual(await client.search({ subject: 'plain' }), [2]);
  } finally {
    await client.logout();
  }
}));
