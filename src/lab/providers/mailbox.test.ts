import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ProviderMailbox, type InboxMessage } from './mailbox.ts';

function message(id: string, to: string): InboxMessage {
  return {
    id,
    mailFrom: 'alice@example.org',
    rcptTo: [to],
    headerFrom: 'alice@example.org',
    subject: 'Hello',
    messageId: `<${id}@example.org>`,
    folder: 'inbox',
    placement: [],
    spf: 'pass',
    dkim: 'pass',
    dmarc: 'pass',
    arc: 'none',
    tls: false,
    clientIp: '127.0.0.10',
    helo: 'mail.example.org',
    receivedAt: '2026-11-20T12:00:00.000Z',
    dkimDomains: [],
  };
}

test('a mailbox opened again has its messages and complaints, a torn last line does not hurt', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'posthorn-mailbox-'));
  try {
    const first = new ProviderMailbox(dir, 'gmail');
    await first.open();
    await first.store(message('a1', 'bob@gmail.com'), Buffer.from('one'));
    await first.store(message('a2', 'Carol@gmail.com'), Buffer.from('two'));
    await first.markComplained('a1');
    await appendFile(join(dir, 'gmail', 'index.jsonl'), '{"id":"a3"');
    const again = new ProviderMailbox(dir, 'gmail');
    await again.open();
    assert.deepEqual(again.list().map(({ id, complained }) => [id, complained]), [['a1', true], ['a2', undefined]]);
    assert.deepEqual(again.list('carol@gmail.com').map(({ id }) => id), ['a2']);
    assert.equal(String(await again.raw('a2')), 'two');
    assert.equal(await again.raw('../a2'), undefined);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
