import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually } from '../../../test/harness/lab-process.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { AdjustableClock } from '../../base/clock.ts';
import type { TextQuery } from '../../contract/mailbox.ts';
import { derivePassword } from '../password.ts';
import { openStore } from '../store.ts';
import { IndexDamaged, IndexDatabase } from './index-database.ts';
import { Indexer } from './indexer.ts';
import { MailSource } from './mail-source.ts';
import { searchTexts } from './text-search.ts';

const AT = Date.UTC(2026, 10, 20);
const ALICE = 'alice@example.org';
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-search-'));
const store = await openStore(dataDir, { clock: new AdjustableClock() });
await store.directory.addDomain('example.org', { at: AT });
await store.directory.addAccount(ALICE, await derivePassword('correct horse'), AT);
const { folders, messages } = store.mailbox;
const inbox = (await folders.find(ALICE, 'INBOX')) ?? (await folders.create(ALICE, 'INBOX'));
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

async function deliver(...texts: readonly (string | Buffer)[]): Promise<number[]> {
  const { uids } = await messages.append(inbox.id, texts.map((text) => ({ content: new BufferSource(Buffer.from(text)), flags: [], internalDate: AT })));
  const snapshot = await messages.snapshot(inbox.id);
  return uids.map((uid) => snapshot?.messages.mailIds[snapshot.messages.uids.indexOf(uid)] as number);
}

function openIndex(name: string): { index: IndexDatabase; mails: MailSource; indexer: Indexer; close(): void } {
  const index = IndexDatabase.open(join(dataDir, name));
  const mails = new MailSource(dataDir);
  const indexer = new Indexer({ index, mails, report: assert.fail });
  return {
    index,
    mails,
    indexer,
    close: () => {
      indexer.close();
      index.close();
      mails.close();
    },
  };
}

const latin1 = Buffer.from('Subject: =?iso-8859-1?Q?Gr=FC=DFe?= aus\r\n K=?utf-8?b?w7Y=?=ln\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nStra\xdfe und Z\xfcge\r\n', 'latin1');
const base64 = `Subject: encoded\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('Ein verborgenes Wort: Donaudampfschiff').toString('base64')}\r\n`;
const html = 'Subject: page\r\nContent-Type: text/html\r\n\r\n<html><body><p>Hello <b>bold</b> w&ouml;rld &amp; all</p></body></html>\r\n';
const parts = [
  'From: Ann <ann@example.net>\r\nTo: bob@example.org\r\nSubject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n',
  '--b\r\nContent-Type: text/plain\r\n\r\nfirst half\r\n',
  "--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf\r\n\r\nneverfoundbytes\r\n",
  '--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner topic\r\n\r\ninner words\r\n--b--\r\n',
].join('');

const CASES: readonly (readonly [query: TextQuery, found: readonly string[]])[] = [
  [{ where: 'subject', value: 'grüße aus köln' }, ['latin1']],
  [{ where: 'subject', value: 'GRÜSSE' }, ['latin1']],
  [{ where: 'body', value: 'strasse' }, ['latin1']],
  [{ where: 'body', value: 'ZÜGE' }, ['latin1']],
  [{ where: 'body', value: 'naudampf' }, ['base64']],
  [{ where: 'body', value: 'bold w' }, ['html']],
  [{ where: 'body', value: 'u' }, ['latin1', 'base64', 'parts']],
  [{ where: 'body', value: 'wörld & all' }, ['html']],
  [{ where: 'body', value: '<b>' }, []],
  [{ where: 'body', value: 'half\ninner' }, []],
  [{ where: 'body', value: 'inner topic' }, ['parts']],
  [{ where: 'subject', value: 'inner topic' }, []],
  [{ where: 'text', value: 'résumé.pdf' }, ['parts']],
  [{ where: 'body', value: 'résumé.pdf' }, []],
  [{ where: 'text', value: 'neverfoundbytes' }, []],
  [{ where: 'from', value: 'ANN' }, ['parts']],
  [{ where: 'from', value: 'bob' }, []],
  [{ where: 'to', value: 'bob@' }, ['parts']],
  [{ where: 'header', field: 'To', value: '' }, ['parts']],
  [{ where: 'header', field: 'subject', value: '' }, ['latin1', 'base64', 'html', 'parts']],
  [{ where: 'header', field: 'Content-Disposition', value: '' }, []],
  [{ where: 'cc', value: '' }, []],
];

test('text is found by substring, without case, in any charset and encoding, indexed or not', async () => {
  const names = ['latin1', 'base64', 'html', 'parts'];
  const ids = await deliver(latin1, base64, html, parts);
  const { index, mails, indexer, close } = openIndex('cases.db');
  const check = async (state: string, among: readonly number[]): Promise<void> => {
    for (const [query, expected] of CASES) {
      const found = await searchTexts({ index, mails, cancelled: () => false }, among, query);
      assert.deepEqual(names.filter((_, at) => found.includes(ids[at] as number)), expected, `${state}: ${JSON.stringify(query)}`);
    }
  };
  try {
    await check('not indexed', ids);
    while (indexer.takeUp());
    assert.equal(index.lastMailId, mails.lastId);
    await check('indexed', ids);
    // Enough others that the index is asked rather than each text.
    const others = await deliver(...Array.from({ length: 150 }, (_, at) => `Subject: other ${at}\r\n\r\nnothing of note\r\n`));
    while (indexer.takeUp());
    for (const [query, expected] of CASES.filter(([{ value }]) => value.length > 2)) {
      const found = await searchTexts({ index, mails, cancelled: () => false }, [...ids, ...others], query);
      assert.deepEqual(found, expected.map((name) => ids[names.indexOf(name)]), `asked: ${JSON.stringify(query)}`);
    }
  } finally {
    close();
  }
});

test('what is gone from the store leaves the index; a damaged index is built anew', async () => {
  const [first, second] = (await deliver('Subject: stays\r\n\r\na\r\n', 'Subject: goes\r\n\r\nb\r\n')) as [number, number];
  const { index, mails, indexer, close } = openIndex('sweep.db');
  try {
    while (indexer.takeUp());
    // A mail that the store never had, and one that it has.
    index.add([{ mailId: second + 50, text: { header: '\nX: Y\n', mime: '', body: '', cut: false } }], mails.lastId);
    for (let from: number | undefined = 0; from !== undefined; ) from = indexer.sweepPiece(from);
    assert.deepEqual(index.idsAfter(first - 1, 10), [first, second]);
  } finally {
    close();
  }
  writeFileSync(join(dataDir, 'sweep.db'), 'this is no database, and long enough to be taken for a damaged one'.repeat(100));
  for (const suffix of ['-wal', '-shm']) rmSync(join(dataDir, `sweep.db${suffix}`), { force: true });
  const again = openIndex('sweep.db');
  assert.equal(again.index.lastMailId, 0);
  again.close();
});

test('an index that is damaged while it is used is made anew, and everything is still found', async () => {
  const ids = await deliver(...Array.from({ length: 120 }, (_, at) => `Subject: number ${at}\r\n\r\n${'plain words '.repeat(200)}${at}\r\n`));
  const first = openIndex('torn.db');
  while (first.indexer.takeUp());
  first.close();
  const path = join(dataDir, 'torn.db');
  const bytes = readFileSync(path);
  bytes.fill(0xa5, 8192);
  writeFileSync(path, bytes);
  const { index, mails, indexer, close } = openIndex('torn.db');
  try {
    const search = (): Promise<number[]> => searchTexts({ index, mails, cancelled: () => false }, ids, { where: 'body', value: 'words 77' });
    await assert.rejects(search(), IndexDamaged);
    assert.deepEqual(await search(), [ids[77]]);
    while (indexer.takeUp());
    assert.deepEqual(await search(), [ids[77]]);
  } finally {
    close();
  }
});

test('the thread answers, takes up new mail, and a search can be given up', async () => {
  const [id] = (await deliver('Subject: thread\r\n\r\nneedle in a haystack\r\n')) as [number];
  const { search } = store.mailbox;
  store.startIndexing();
  assert.deepEqual([...(await search.matching([id], { where: 'body', value: 'NEEDLE' }))], [id]);
  const [later] = (await deliver('Subject: later\r\n\r\nanother needle\r\n')) as [number];
  assert.deepEqual([...(await search.matching([id, later], { where: 'body', value: 'needle' }))], [id, later]);
  await assert.rejects(search.matching([id], { where: 'body', value: 'x' }, AbortSignal.abort(new Error('gone'))), /gone/);
  const leaving = new AbortController();
  const given = search.matching([id], { where: 'body', value: 'x' }, leaving.signal);
  leaving.abort(new Error('left'));
  await assert.rejects(given, /left/);
});

test('a store without mail has no thread for its texts; the first mail, or mail that is there at the start, brings it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-search-empty-'));
  const clock = new AdjustableClock();
  const indexFile = join(dir, 'search.db');
  const uptake = (): Promise<unknown> => eventually('the index is there', async () => existsSync(indexFile));
  try {
    const empty = await openStore(dir, { clock });
    await empty.directory.addDomain('example.org', { at: AT });
    await empty.directory.addAccount(ALICE, await derivePassword('correct horse'), AT);
    empty.startIndexing();
    await empty.mailbox.folders.list(ALICE);
    assert.ok(!existsSync(indexFile));
    const folder = await empty.mailbox.folders.create(ALICE, 'Plans');
    await empty.mailbox.messages.append(folder.id, [{ content: new BufferSource(Buffer.from(html)), flags: [], internalDate: AT }]);
    await uptake();
    await empty.close();
    rmSync(indexFile);
    const again = await openStore(dir, { clock });
    again.startIndexing();
    await uptake();
    await again.close();
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
