/** SEARCH, SORT and THREAD over real sockets; SEARCH against a naive reading of random messages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { withImap } from '../harness/imap-kit.ts';
import { createSeededRandom, type SeededRandom } from '../harness/seeded-random.ts';

interface Sample {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly flags: readonly string[];
  /** Days of November 2026. */
  readonly sent: number;
  readonly arrived: number;
}

const WORDS = ['alpha', 'Beta', 'gamma', 'delta', 'Straße', 'Köln', 'zebra', 'lunch', 'budget', 'a', 'it', '北京', '日本語', 'Ünïcode', 'x1'];
const NAMES = ['ann@example.net', 'bob@example.org', 'Carl <carl@example.com>', 'dora@xn--kln-sna.example'];
const FLAGS = ['\\Seen', '\\Answered', '\\Flagged', '\\Draft', 'work', '$Junk'];

function sampleOf(random: SeededRandom): Sample {
  const words = (count: number): string => Array.from({ length: count }, () => random.pick(WORDS)).join(' ');
  return {
    from: random.pick(NAMES),
    to: random.pick(NAMES),
    subject: words(1 + random.below(4)),
    body: words(random.below(30)),
    flags: FLAGS.filter(() => random.below(3) === 0),
    sent: 1 + random.below(20),
    arrived: 1 + random.below(20),
  };
}

const two = (day: number): string => String(day).padStart(2, '0');

function textOf({ from, to, subject, body, sent }: Sample): string {
  const encoded = /^[\x20-\x7e]*$/.test(subject) ? subject : `=?utf-8?B?${Buffer.from(subject).toString('base64')}?=`;
  return `From: ${from}\r\nTo: ${to}\r\nDate: ${two(sent)} Nov 2026 23:30:00 -0800\r\nSubject: ${encoded}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(body).toString('base64')}\r\n`;
}

async function append(client: ImapDialogue, sample: Sample): Promise<void> {
  const bytes = Buffer.from(textOf(sample));
  client.write(`a APPEND INBOX (${sample.flags.join(' ')}) "${two(sample.arrived)}-Nov-2026 12:00:00 +0000" {${bytes.length}+}\r\n`);
  client.write(bytes);
  client.write('\r\n');
  assert.match((await client.until('a')).at(-1) as string, /^a OK/);
}

interface Question {
  readonly text: string;
  readonly matches: (sample: Sample, at: number) => boolean;
}

const fold = (text: string): string => text.normalize('NFKD').toUpperCase();
const has = (text: string, part: string): boolean => fold(text).includes(fold(part));

function plainQuestion(random: SeededRandom, count: number): Question {
  const word = random.pick(WORDS);
  const cut = random.below(3) === 0 ? [...word].slice(random.below(2), 3).join('') || word : word;
  const part = random.below(2) === 0 ? cut.toLowerCase() : cut;
  const quoted = `{${Buffer.byteLength(part)}+}\r\n${part}`;
  const flag = random.pick(FLAGS);
  const day = 1 + random.below(20);
  const first = 1 + random.below(count);
  const size = 200 + random.below(200);
  const date = `${day}-Nov-2026`;
  const questions: readonly Question[] = [
    { text: `SUBJECT ${quoted}`, matches: ({ subject }) => has(subject, part) },
    { text: `BODY ${quoted}`, matches: ({ body }) => has(body, part) },
    { text: `FROM ${part === 'a' || part === 'it' || part === 'x1' ? part : 'EXAMPLE.org'}`, matches: ({ from }) => has(from, part === 'a' || part === 'it' || part === 'x1' ? part : 'example.org') },
    { text: 'HEADER to "carl <c"', matches: ({ to }) => has(to, 'carl <c') },
    { text: `TEXT ${quoted}`, matches: (sample) => has(sample.body, part) || has(`from: ${sample.from}\nto: ${sample.to}\ndate: ${two(sample.sent)} Nov 2026 23:30:00 -0800\nsubject: ${sample.subject}\ncontent-type: text/plain; charset=utf-8\ncontent-transfer-encoding: base64\n`, part) },
    flag.startsWith('\\') ? { text: flag.slice(1), matches: ({ flags }) => flags.includes(flag) } : { text: `KEYWORD ${flag.toUpperCase()}`, matches: ({ flags }) => flags.includes(flag) },
    flag.startsWith('\\') ? { text: `UN${flag.slice(1)}`, matches: ({ flags }) => !flags.includes(flag) } : { text: `UNKEYWORD ${flag}`, matches: ({ flags }) => !flags.includes(flag) },
    { text: `SINCE ${date}`, matches: ({ arrived }) => arrived >= day },
    { text: `BEFORE ${date}`, matches: ({ arrived }) => arrived < day },
    { text: `ON ${date}`, matches: ({ arrived }) => arrived === day },
    { text: `SENTSINCE ${date}`, matches: ({ sent }) => sent >= day },
    { text: `SENTON ${date}`, matches: ({ sent }) => sent === day },
    { text: `SENTBEFORE ${date}`, matches: ({ sent }) => sent < day },
    { text: `LARGER ${size}`, matches: (sample) => Buffer.byteLength(textOf(sample)) > size },
    { text: `SMALLER ${size}`, matches: (sample) => Buffer.byteLength(textOf(sample)) < size },
    { text: `${first}:*`, matches: (_, at) => at + 1 >= first },
    { text: `UID 1:${first}`, matches: (_, at) => at + 1 <= first },
    { text: 'ALL', matches: () => true },
  ];
  return random.pick(questions);
}

function question(random: SeededRandom, count: number, depth = 0): Question {
  const kind = depth > 3 ? 9 : random.below(8);
  const below = (): Question => question(random, count, depth + 1);
  if (kind === 0) {
    const one = below();
    return { text: `NOT ${one.text}`, matches: (...args) => !one.matches(...args) };
  }
  if (kind === 1) {
    const [a, b] = [below(), below()];
    return { text: `OR ${a.text} ${b.text}`, matches: (...args) => a.matches(...args) || b.matches(...args) };
  }
  if (kind === 2) {
    const [a, b] = [below(), below()];
    return { text: `(${a.text} ${b.text})`, matches: (...args) => a.matches(...args) && b.matches(...args) };
  }
  return plainQuestion(random, count);
}

async function searched(client: ImapDialogue, text: string): Promise<string> {
  const lines = await client.say(`SEARCH CHARSET UTF-8 ${text}`);
  assert.match(lines.at(-1) as string, /^OK/, `${text}: ${lines.join('\n')}`);
  return (lines.find((line) => line.startsWith('* SEARCH')) as string).slice('* SEARCH'.length).trim();
}

test('SEARCH finds what a naive reading finds', () => withImap({}, async (kit) => {
  const random = createSeededRandom();
  const client = await kit.client();
  const samples = Array.from({ length: 160 }, () => sampleOf(random));
  for (const [at, sample] of samples.entries()) {
    await append(client, sample);
    // The second half is indexed while we ask, or not: the answer is the same.
    if (at === 80) kit.store.startIndexing();
  }
  await client.say('SELECT INBOX');
  for (let round = 0; round < 300; round += 1) {
    const { text, matches } = question(random, samples.length);
    const expected = samples.flatMap((sample, at) => (matches(sample, at) ? [at + 1] : [])).join(' ');
    assert.equal(await searched(client, text), expected, `seed ${random.seed}: ${text}`);
  }
}));

const base: Sample = { from: 'ann@example.net', to: 'bob@example.org', subject: 's', body: 'b', flags: [], sent: 1, arrived: 1 };

test('ESEARCH, SEARCHRES and PARTIAL', () => withImap({}, async (kit) => {
  const client = await kit.client();
  for (const subject of ['one', 'two', 'one', 'one', 'two']) await append(client, { ...base, subject });
  await client.say('SELECT INBOX');
  client.write('t1 SEARCH RETURN (MIN MAX COUNT ALL) SUBJECT one\r\n');
  assert.deepEqual(await client.until('t1'), ['* ESEARCH (TAG "t1") MIN 1 MAX 4 ALL 1,3:4 COUNT 3', 't1 OK SEARCH completed']);
  client.write('t2 UID SEARCH RETURN () SUBJECT two\r\n');
  assert.deepEqual(await client.until('t2'), ['* ESEARCH (TAG "t2") UID ALL 2,5', 't2 OK SEARCH completed']);
  client.write('t3 UID SEARCH RETURN (COUNT MIN) SUBJECT nothing\r\n');
  assert.deepEqual(await client.until('t3'), ['* ESEARCH (TAG "t3") UID COUNT 0', 't3 OK SEARCH completed']);
  assert.deepEqual(await client.say('SEARCH RETURN (SAVE) SUBJECT one'), ['OK SEARCH completed']);
  assert.deepEqual((await client.say('FETCH $ UID')).slice(0, -1), ['* 1 FETCH (UID 1)', '* 3 FETCH (UID 3)', '* 4 FETCH (UID 4)']);
  assert.deepEqual((await client.say('SEARCH $ 3:*'))[0], '* SEARCH 3 4');
  assert.deepEqual(await client.say('SEARCH RETURN (SAVE MIN) SUBJECT two').then((lines) => lines.length), 2);
  assert.deepEqual((await client.say('SEARCH $'))[0], '* SEARCH 2');
  assert.match(await client.result('SEARCH RETURN (SAVE) CHARSET X-NONE ALL'), /^NO \[BADCHARSET/);
  assert.deepEqual((await client.say('SEARCH $'))[0], '* SEARCH');
  client.write('t4 UID SEARCH RETURN (PARTIAL -1:-2) ALL\r\n');
  assert.deepEqual((await client.until('t4'))[0], '* ESEARCH (TAG "t4") UID PARTIAL (-1:-2 4:5)');
  assert.match(await client.result('SEARCH RETURN (NONSENSE) ALL'), /^BAD/);
  await client.say('ENABLE IMAP4REV2');
  client.write('t5 SEARCH SUBJECT two\r\n');
  assert.deepEqual((await client.until('t5'))[0], '* ESEARCH (TAG "t5") ALL 2,5');
}));

test('MODSEQ, WITHIN, ids, save dates and \\Recent', () => withImap({}, async (kit) => {
  const client = await kit.client();
  for (const subject of ['one', 'two', 'three']) await append(client, { ...base, subject });
  await client.say('SELECT INBOX');
  const line = async (text: string): Promise<string> => (await client.say(`SEARCH ${text}`))[0] as string;
  await client.say('STORE 2 +FLAGS.SILENT (\\Seen)');
  const modseq = Number(/MODSEQ \((\d+)\)/.exec((await client.say('FETCH 2 MODSEQ')).join())?.[1]);
  assert.equal(await line(`MODSEQ ${modseq}`), `* SEARCH 2 (MODSEQ ${modseq})`);
  assert.equal(await line(`MODSEQ "/flags/\\\\Seen" all ${modseq} NOT 2`), '* SEARCH');
  assert.equal(await line('RECENT'), '* SEARCH 1 2 3');
  assert.equal(await line('NEW'), '* SEARCH 1 3');
  assert.equal(await line('OLD'), '* SEARCH');
  assert.equal(await line('SAVEDATESUPPORTED'), '* SEARCH 1 2 3');
  assert.equal(await line('SAVEDSINCE 1-Jan-2020'), '* SEARCH 1 2 3');
  assert.equal(await line('SAVEDBEFORE 1-Jan-2020'), '* SEARCH');
  const ageSeconds = Math.floor((kit.clock.now() - Date.UTC(2026, 10, 1, 12)) / 1000);
  assert.equal(await line(`YOUNGER ${Math.max(1, ageSeconds + 100)}`), '* SEARCH 1 2 3');
  if (ageSeconds > 100) assert.equal(await line(`OLDER ${ageSeconds - 100}`), '* SEARCH 1 2 3');
  const [, emailId, threadId] = /EMAILID \((\w+)\) THREADID \((\w+)\)/.exec((await client.say('FETCH 3 (EMAILID THREADID)'))[0] as string) as unknown as string[];
  assert.equal(await line(`EMAILID ${emailId}`), '* SEARCH 3');
  assert.equal(await line(`THREADID ${threadId}`), '* SEARCH 3');
  assert.equal(await line('EMAILID nobody'), '* SEARCH');
  assert.equal(await line('7:9'), '* SEARCH');
  assert.equal(await line('HEADER Date ""'), '* SEARCH 1 2 3');
  assert.equal(await line('HEADER X-None ""'), '* SEARCH');
  const latin1 = Buffer.concat([Buffer.from('l SEARCH CHARSET ISO-8859-1 SUBJECT {4+}\r\n'), Buffer.from('f\xfcnf', 'latin1'), Buffer.from('\r\n')]);
  await append(client, { ...base, subject: 'fünf' });
  await client.say('NOOP');
  client.write(latin1);
  assert.equal((await client.until('l'))[0], '* SEARCH 4');
  await append(client, { ...base, subject: 'цИ' });
  await client.say('NOOP');
  // The same bytes are another text in UTF-8.
  client.write(Buffer.concat([Buffer.from('k SEARCH CHARSET KOI8-R SUBJECT {2+}\r\n'), Buffer.from([0xc3, 0xe9]), Buffer.from('\r\n')]));
  assert.equal((await client.until('k'))[0], '* SEARCH 5');
}));

test('SORT by every criterion', () => withImap({}, async (kit) => {
  const client = await kit.client();
  await append(client, { ...base, from: 'Zoe <ann@example.net>', subject: 'Re: beta', sent: 3, arrived: 2, body: 'x'.repeat(200) });
  await append(client, { ...base, from: 'bob@example.net', subject: 'alpha', sent: 1, arrived: 3 });
  await append(client, { ...base, from: '=?utf-8?q?=C3=84nne?= <carl@example.net>', subject: '[list] BETA', sent: 2, arrived: 1, body: 'y'.repeat(100), to: 'zed@example.org' });
  await client.say('SELECT INBOX');
  const order = async (criteria: string): Promise<string> => (await client.say(`SORT (${criteria}) UTF-8 ALL`))[0]?.replace('* SORT ', '') as string;
  assert.equal(await order('ARRIVAL'), '3 1 2');
  assert.equal(await order('DATE'), '2 3 1');
  assert.equal(await order('REVERSE DATE'), '1 3 2');
  assert.equal(await order('SIZE'), '2 3 1');
  assert.equal(await order('FROM'), '1 2 3');
  assert.equal(await order('DISPLAYFROM'), '3 2 1');
  assert.equal(await order('SUBJECT'), '2 1 3');
  assert.equal(await order('SUBJECT REVERSE DATE'), '2 1 3');
  assert.equal(await order('SUBJECT DATE'), '2 3 1');
  assert.equal(await order('TO'), '1 2 3');
  assert.equal(await order('REVERSE TO'), '3 1 2');
  assert.equal(await order('REVERSE CC'), '1 2 3');
  assert.equal((await client.say('UID SORT (SUBJECT) US-ASCII FROM bob'))[0], '* SORT 2');
  client.write('t SORT RETURN (ALL COUNT MIN) (DATE) UTF-8 ALL\r\n');
  assert.equal((await client.until('t'))[0], '* ESEARCH (TAG "t") MIN 2 ALL 2:3,1 COUNT 3');
  assert.match(await client.result('SORT (NONSENSE) UTF-8 ALL'), /^BAD/);
  assert.match(await client.result('SORT (DATE) X-NONE ALL'), /^NO \[BADCHARSET/);
  assert.equal((await client.say('THREAD ORDEREDSUBJECT UTF-8 ALL'))[0], '* THREAD (2)(3 1)');
  assert.equal((await client.say('UID THREAD REFERENCES UTF-8 ALL'))[0], '* THREAD (2)(3 1)');
  assert.equal((await client.say('THREAD REFERENCES UTF-8 SUBJECT none'))[0], '* THREAD');
}));
