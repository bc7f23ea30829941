/** Routes to servers and folders behind this one: LMTP over TCP and a socket with a reply for each recipient, and Maildirs. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TraceResult } from '../../src/manage/trace/trace-result.ts';
import { eventually } from '../harness/lab-process.ts';
import { handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

let front: SmallServer;
let inner: SmallServer;
before(async () => {
  front = await startSmallServer();
  inner = await startSmallServer({ accounts: ['ann@inner.example', 'ben@inner.example'], domains: ['inner.example'] });
});
after(async () => {
  await front?.stop();
  await inner?.stop();
});

async function send(to: readonly string[], subject: string): Promise<string> {
  const content = `From: pat@serve.example\r\nTo: you\r\nSubject: ${subject}\r\n\r\n.dots`;
  const reply = await sendMessage({ host: '127.0.0.1', port: front.smtpPort }, { from: 'ann@serve.example', to, content });
  return /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
}

async function states(id: string): Promise<readonly string[]> {
  return eventually(`an end of ${id}`, async () => {
    const { messages } = await front.call<TraceResult>('trace.show', { query: id });
    const found = messages[0]?.recipients.map(({ state }) => state) ?? [];
    return found.length > 0 && !found.includes('queued') ? found : undefined;
  });
}

test('LMTP: each recipient has its own fate', async () => {
  const route = await front.call<{ to: string }>('route.add', { pattern: 'inner.example', lmtp: `127.0.0.1:${inner.lmtpPort}` });
  assert.equal(route.to, `lmtp:[127.0.0.1]:${inner.lmtpPort}`);
  const id = await send(['ann@inner.example', 'nobody@inner.example', 'ben@inner.example'], 'inward');
  assert.deepEqual(await states(id), ['delivered', 'bounced', 'delivered']);
  const [stored] = await inner.holds(1, 'ann@inner.example');
  assert.match(stored?.content ?? '', /with LMTP id[^]*Subject: inward\r\n[^]*\r\n\.dots\r\n$/);
  await inner.holds(1, 'ben@inner.example');
  const [report] = await front.holds(1, 'ann');
  assert.match(report?.content ?? '', /nobody@inner\.example/);
});

test('over its Unix socket', async () => {
  await front.call('route.add', { pattern: 'inner.example', lmtp: inner.socket });
  const id = await send(['ben@inner.example'], 'through the socket');
  assert.deepEqual(await states(id), ['delivered']);
  const found = await inner.holds(2, 'ben@inner.example');
  assert.match(found[1]?.content ?? '', /Subject: through the socket/);
});

test('what is taken over LMTP goes on over LMTP, when a route takes the domain in', async () => {
  await front.call('route.add', { pattern: 'inner.example', lmtp: `127.0.0.1:${inner.lmtpPort}`, accept: true, verify: true });
  const replies = await handOver(front.lmtpPort, { from: 'pat@far.example', to: ['nobody@inner.example', 'ann@inner.example'], content: 'From: a@b.example\r\nSubject: on\r\n\r\nx\r\n' });
  assert.equal(replies.length, 1, 'the inner server was asked, and knows no nobody');
  await inner.holds(2, 'ann@inner.example');
});

test('a Maildir for each recipient', async () => {
  const base = join(front.dir, 'maildirs');
  assert.equal(existsSync(base), false);
  await front.call('route.add', { pattern: 'boxes.example', maildir: `${front.dir}/%d/%n` });
  const id = await send(['Joe@boxes.example', 'sue@boxes.example'], 'into folders');
  assert.deepEqual(await states(id), ['delivered', 'delivered']);
  for (const name of ['joe', 'sue']) {
    const folder = join(front.dir, 'boxes.example', name, 'new');
    const [file = ''] = readdirSync(folder);
    assert.match(readFileSync(join(folder, file), 'utf8'), /^Return-Path: <ann@serve\.example>\nDelivered-To: \w+@boxes\.example\n[^]*\n\.dots\n$/);
  }
});

test('targets that cannot be are refused in words', async () => {
  for (const args of [{ maildir: 'relative/%n' }, { maildir: '/same/for/all' }, { lmtp: 'host' }, { lmtp: '/sock', to: 'mx' }, { lmtp: 'h:24', username: 'u', password: 'p' }]) {
    await assert.rejects(front.call('route.add', { pattern: 'x.example', ...args }), /target-refused|target-missing|login-refused/);
  }
});
