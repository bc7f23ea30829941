import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import type { DeliveryJob, DeliveryOutcome } from '../../contract/queue.ts';
import { createMaildirDeliverer } from './maildir.ts';

const dir = mkdtempSync(join(tmpdir(), 'posthorn-maildir-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const deliverer = createMaildirDeliverer({ hostname: 'mail.example.org', clock: new AdjustableClock(), log: silentLog });

async function deliver(address: string, content: ByteSource | string, path = `${dir}/%d/%n`): Promise<DeliveryOutcome> {
  const source = typeof content === 'string' ? new BufferSource(Buffer.from(content)) : content;
  const job = {
    message: { id: 'x', sender: 'pat@far.example', startedAt: 0, queuedAt: 0 }, route: { kind: 'maildir', key: 'maildir', path },
    recipients: [{ index: 0, address, state: 'queued', attempts: 0, nextAttemptAt: 0 }], content: source, leasedAt: 0,
  } as unknown as DeliveryJob;
  const [outcome] = await deliverer.deliver(job, new AbortController().signal);
  return outcome ?? assert.fail();
}

const files = (of: string): string[] => readdirSync(join(dir, of));

test('a message is whole in new, with its trace fields, Unix lines and its sizes in the name', async () => {
  const content = 'Subject: x\r\n\r\nHello\rthere\r\n';
  assert.equal((await deliver('Ann+x@Example.ORG', content)).status, 'delivered');
  const [name = ''] = files('example.org/ann/new');
  const stored = readFileSync(join(dir, 'example.org/ann/new', name), 'latin1');
  assert.equal(stored, 'Return-Path: <pat@far.example>\nDelivered-To: Ann+x@Example.ORG\nSubject: x\n\nHello\rthere\n');
  const crlf = stored.length + 5;
  assert.match(name, new RegExp(`^\\d+\\.M\\d+P\\d+Q\\d+R\\w+\\.mail\\.example\\.org,S=${stored.length},W=${crlf}$`));
  assert.deepEqual([files('example.org/ann/tmp'), files('example.org/ann/cur')], [[], []]);
  assert.equal(statSync(join(dir, 'example.org/ann/new', name)).mode & 0o777, 0o600);
  assert.equal(statSync(join(dir, 'example.org/ann')).mode & 0o777, 0o700);
});

test('line ends that fall between two pieces', async () => {
  const pieces = ['Subject: y\r', '\n\r', '\nend\r'].map((text) => Buffer.from(text));
  const whole = Buffer.concat(pieces);
  const source: ByteSource = {
    size: whole.length,
    inMemory: undefined,
    chunks: async function* () {
      yield* pieces;
    },
    read: async (start = 0, end = whole.length) => whole.subarray(start, end),
  };
  await deliver('split@example.org', source);
  const [name = ''] = files('example.org/split/new');
  assert.match(readFileSync(join(dir, 'example.org/split/new', name), 'latin1'), /Subject: y\n\nend\r$/);
});

test('nobody is led elsewhere: names that are paths, links in the way, loops', async () => {
  assert.deepEqual([(await deliver('../up@example.org', 'x')).status, (await deliver('.dot@example.org', 'x')).status], ['failed', 'failed']);
  mkdirSync(join(dir, 'target'));
  mkdirSync(join(dir, 'links.example'));
  symlinkSync(join(dir, 'target'), join(dir, 'links.example/ann'));
  const outcome = await deliver('ann@links.example', 'Subject: x\r\n\r\n');
  assert.deepEqual([outcome.status, outcome.reply.enhanced, files('target')], ['deferred', '4.3.5', []]);
  assert.doesNotMatch(outcome.reply.text, /links\.example/);
  const loop = await deliver('ann@example.org', 'Delivered-To: ANN@example.org\r\n\r\n');
  assert.deepEqual([loop.status, loop.reply.enhanced], ['failed', '5.4.6']);
});

test('what is wrong with the folder is temporary', async () => {
  writeFileSync(join(dir, 'file'), '');
  assert.equal((await deliver('ann@example.org', 'x', `${dir}/missing/%n`)).reply.enhanced, '4.3.5');
  assert.equal((await deliver('ann@example.org', 'x', `${dir}/file/%n`)).status, 'deferred');
});
