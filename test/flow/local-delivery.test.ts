import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { DeliveryJob, QueueItem } from '../../src/contract/queue.ts';
import { createLocalDeliverer } from '../../src/flow/deliver/local.ts';
import { parseMimeStructure } from '../../src/mail/mime-structure.ts';
import { createDirectory } from '../../src/store/directory.ts';
import { derivePassword } from '../../src/store/password.ts';
import { openStore } from '../../src/store/store.ts';

const AT = Date.UTC(2026, 10, 20);
const dataDir = mkdtempSync(join(tmpdir(), 'posthorn-local-'));
const store = await openStore(dataDir);
const directory = createDirectory({ store, hostname: 'mail.example.org' });
const deliverer = createLocalDeliverer({ directory, clock: new SystemClock(), log: silentLog });
await store.directory.addDomain('example.org', { at: AT });
for (const name of ['alice', 'bob', 'gone']) await store.directory.addAccount(`${name}@example.org`, await derivePassword('correct horse'), AT);
after(async () => {
  await store.close();
  rmSync(dataDir, { recursive: true });
});

const MIME = [
  'From: x@example.net', 'Subject: parts', 'Content-Type: multipart/mixed; boundary=b', '',
  '--b', 'Content-Type: text/plain', '', 'first', '--b', 'Content-Type: message/rfc822', '', 'Subject: inner', '', 'second', '--b--', '',
].join('\r\n');

function job(id: string, text: string, addresses: readonly string[], options: { account?: string; sender?: string; original?: string } = {}): DeliveryJob {
  const bytes = Buffer.from(text);
  return {
    message: {
      id, sender: options.sender ?? 'x@example.net', options: { body: '7bit', smtpUtf8: false, requireTls: false },
      origin: { kind: 'inbound', protocol: 'ESMTP' }, senderBelieved: false,
      contentDigest: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length, startedAt: AT, queuedAt: AT + 5, expiresAt: AT + 1000,
    },
    recipients: addresses.map((address, index) => ({
      index, address, state: 'queued', attempts: 0, nextAttemptAt: AT, ...(options.original ? { originalRecipient: options.original } : {}),
    })),
    route: { kind: 'local', key: 'local', account: options.account ?? 'alice@example.org', folder: 'INBOX' },
    content: new BufferSource(bytes),
    leasedAt: AT + 7,
  };
}
const never = new AbortController().signal;

test('a message goes from the queue into the mailbox, with its trace fields and the structure of what lies there', async () => {
  const work = job('m1', MIME, ['alice+news@example.org'], { original: 'rfc822;info@example.org' });
  const item: QueueItem = { message: work.message, recipients: work.recipients };
  await store.queue.insert({ ...item, content: work.content, events: [] });
  const [outcome] = await deliverer.deliver(work, never);
  assert.equal(outcome?.status, 'delivered');
  assert.deepEqual({ code: outcome?.reply.code, enhanced: outcome?.reply.enhanced }, { code: 250, enhanced: '2.0.0' });
  assert.ok(outcome?.deposit);
  await store.queue.settle('m1', [{ recipient: 0, state: 'delivered', attempts: 1, nextAttemptAt: 0 }], [outcome.deposit], [], []);
  const [listed] = await store.mailboxes.list({ account: 'alice@example.org', folder: 'INBOX', limit: 1 });
  const read = await store.mailboxes.read({ account: 'alice@example.org', folder: 'INBOX', uid: listed?.uid ?? 0 });
  const bytes = (await read?.bytes.read()) ?? Buffer.alloc(0);
  assert.equal(bytes.toString(), `Return-Path: <x@example.net>\r\nDelivered-To: alice+news@example.org\r\nX-Original-To: info@example.org\r\n${MIME}`);
  assert.equal(listed?.sizeBytes, bytes.length);
  assert.deepEqual(JSON.parse(listed?.structure ?? ''), JSON.parse(JSON.stringify(parseMimeStructure(bytes))));
});

test('the null sender keeps its empty Return-Path', async () => {
  const [outcome] = await deliverer.deliver(job('m2', MIME, ['alice@example.org'], { sender: '' }), never);
  assert.match(outcome?.deposit?.prefix.toString() ?? '', /^Return-Path: <>\r\n/);
});

test('a message that was delivered to this address before is a loop; to another one it is not', async () => {
  const looped = `Delivered-To: Alice@Example.org\r\n${MIME}`;
  const [again, other] = await deliverer.deliver(job('m3', looped, ['alice@example.org', 'alice+x@example.org']), never);
  assert.deepEqual({ status: again?.status, enhanced: again?.reply.enhanced }, { status: 'failed', enhanced: '5.4.6' });
  assert.equal(other?.status, 'delivered');
  const quoted = await deliverer.deliver(job('m4', MIME.replace('first', 'Delivered-To: alice@example.org'), ['alice@example.org']), never);
  assert.equal(quoted[0]?.status, 'delivered');
});

test('an account that vanished bounces 5.1.1, a disabled one 5.2.1, even when a catch-all would take it', async () => {
  await store.directory.setCatchAll('example.org', 'bob@example.org');
  const [vanished] = await deliverer.deliver(job('m5', MIME, ['nobody@example.org'], { account: 'nobody@example.org' }), never);
  assert.deepEqual({ status: vanished?.status, enhanced: vanished?.reply.enhanced }, { status: 'failed', enhanced: '5.1.1' });
  await store.directory.setDisabled('gone@example.org', true);
  const [disabled] = await deliverer.deliver(job('m6', MIME, ['gone@example.org'], { account: 'gone@example.org' }), never);
  assert.deepEqual({ status: disabled?.status, enhanced: disabled?.reply.enhanced }, { status: 'failed', enhanced: '5.2.1' });
});

test('an original recipient with line ends adds no fields', async () => {
  const [outcome] = await deliverer.deliver(job('m7', MIME, ['alice@example.org'], { original: 'rfc822;a@b\r\nX-Evil: 1' }), never);
  assert.doesNotMatch(outcome?.deposit?.prefix.toString() ?? '', /Evil/);
});

test('when the directory does not answer, the message waits', async () => {
  const silent = { resolve: () => Promise.reject(new Error('down')), isLocalDomain: async () => true, maySendAs: async () => false };
  const broken = createLocalDeliverer({ directory: silent, clock: new SystemClock(), log: silentLog });
  const [outcome] = await broken.deliver(job('m8', MIME, ['alice@example.org']), never);
  assert.deepEqual({ status: outcome?.status, code: outcome?.reply.code }, { status: 'deferred', code: 451 });
});

test('a deposit for an account removed in between undoes the settlement, so that the next attempt bounces it', async () => {
  await store.directory.addAccount('short@example.org', await derivePassword('correct horse'), AT);
  const work = job('m9', MIME, ['short@example.org'], { account: 'short@example.org' });
  await store.queue.insert({ message: work.message, recipients: work.recipients, content: work.content, events: [] });
  const [outcome] = await deliverer.deliver(work, never);
  await store.directory.removeAccount('short@example.org');
  assert.ok(outcome?.deposit);
  const settling = store.queue.settle('m9', [{ recipient: 0, state: 'delivered', attempts: 1, nextAttemptAt: 0 }], [outcome.deposit], [], []);
  await assert.rejects(settling, { code: 'account-unknown', temporary: true });
  assert.equal((await store.queue.read('m9'))?.recipients[0]?.state, 'queued');
});
