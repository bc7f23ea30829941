import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Directory, Resolution } from '../../contract/directory.ts';
import type { QueueMessage, QueueRecipient, RoutePlan } from '../../contract/queue.ts';
import type { RelayConfig } from '../../config/config.ts';
import { createRouter } from './router.ts';

const directory: Directory = {
  async resolve(address): Promise<Resolution> {
    const known: Record<string, Resolution> = {
      'alice@example.org': { kind: 'mailbox', account: 'alice@example.org' },
      'alice+x@example.org': { kind: 'mailbox', account: 'alice@example.org', detail: 'x' },
      'gone@example.org': { kind: 'disabled' },
      'team@example.org': { kind: 'alias', targets: ['x@a.test', 'alice@example.org'] },
      'away@example.org': { kind: 'alias', targets: ['x@a.test'] },
    };
    return known[address] ?? { kind: address.endsWith('@example.org') ? 'unknown' : 'remote' };
  },
  isLocalDomain: async (domain) => domain === 'example.org',
  maySendAs: async () => false,
};

async function route(address: string, options: { junk?: boolean; relay?: RelayConfig } = {}): Promise<RoutePlan> {
  const router = createRouter({ config: options.relay ? { relay: options.relay } : {}, directory });
  const message = { id: 'x', ...(options.junk === undefined ? {} : { junk: options.junk }) } as QueueMessage;
  return router.route(message, { index: 0, address } as QueueRecipient);
}

test('our own: a mailbox, with junk in its folder and details in the inbox', async () => {
  assert.deepEqual(await route('alice@example.org'), { kind: 'local', key: 'local', account: 'alice@example.org', folder: 'INBOX' });
  assert.deepEqual(await route('alice+x@example.org', { junk: false }), { kind: 'local', key: 'local', account: 'alice@example.org', folder: 'INBOX' });
  assert.deepEqual(await route('team@example.org'), { kind: 'local', key: 'local', account: 'alice@example.org', folder: 'INBOX' });
  const junk = await route('alice@example.org', { junk: true });
  assert.equal(junk.kind === 'local' && junk.folder, 'Junk');
});

test('our own but nobody: refused here, never sent to an MX or smarthost', async () => {
  const relay: RelayConfig = { host: 'relay.test', port: 587, tls: 'verify' };
  for (const [address, code, enhanced] of [['nobody@example.org', 550, '5.1.1'], ['gone@example.org', 550, '5.2.1'], ['away@example.org', 451, '4.3.5']] as const) {
    const plan = await route(address, { relay });
    assert.ok(plan.kind === 'undeliverable', address);
    assert.deepEqual([plan.reply.code, plan.reply.enhanced], [code, enhanced]);
  }
});

test('the rest goes to the MX hosts of its domain in A-labels, or all to the smarthost', async () => {
  assert.deepEqual(await route('u@B\u00dccher.test'), { kind: 'mx', key: 'mx:xn--bcher-kva.test', domain: 'xn--bcher-kva.test' });
  assert.deepEqual(await route('u@[192.0.2.1]'), { kind: 'mx', key: 'mx:[192.0.2.1]', domain: '[192.0.2.1]' });
  const relay: RelayConfig = { host: 'relay.test', port: 587, tls: 'verify', username: 'u', passwordFile: '/p' };
  assert.deepEqual(await route('u@a.test', { relay }), { kind: 'smarthost', key: 'smarthost:relay.test:587:u', ...relay });
});
