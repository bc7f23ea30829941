import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Envelope, EnvelopeRecipient } from '../../contract/message.ts';
import { parseHeader } from '../../mail/header.ts';
import { createForwarder, type Forwarder, type Forwarding } from './forwarder.ts';
import { createReturnPaths } from './return-paths.ts';

const PLAIN = parseHeader(Buffer.from('From: x\r\n\r\n')).fields;
const remembered = new Map<string, string>();
const store = {
  keys: async () => [{ id: 'k', secret: Buffer.from('secret'), createdAt: 0 }] as const,
  remember: async (token: string, sender: string) => void remembered.set(token, sender),
  recall: async (token: string) => remembered.get(token),
};
const directory = { isLocalDomain: async (domain: string) => domain.endsWith('ours.test') };
const clock = new AdjustableClock();

function parts(forwarding: Partial<Config['forwarding']> = {}, verp: Config['bounces']['verp'] = 'requested') {
  const options = { directory, store, clock, config: { forwarding: { rewriteSender: true, arcSeal: true, ...forwarding }, bounces: { verp } } };
  return { forwarder: createForwarder(options), returnPaths: createReturnPaths(options) };
}

function forward(forwarder: Forwarder, sender: string, recipients: readonly EnvelopeRecipient[], more: { header?: string; bulk?: boolean; envelope?: Partial<Envelope> } = {}): Promise<Forwarding> {
  const header = more.header === undefined ? PLAIN : parseHeader(Buffer.from(more.header)).fields;
  return forwarder.forward({ sender, recipients, ...more.envelope }, header, more.bulk ?? false);
}

const ALIAS = { address: 'away@there.test', via: 'info@ours.test' };

test('only copies of strangers that leave through an alias get a sender of ours, and it leads back', async () => {
  const { forwarder, returnPaths } = parts();
  const { recipients, forwarded } = await forward(forwarder, 'pat@stranger.test', [{ address: 'bob@ours.test', via: 'info@ours.test' }, ALIAS, { address: 'other@there.test', via: 'x@also-ours.test' }, { address: 'relayed@there.test' }]);
  assert.deepEqual(recipients.map(({ reversePath }) => reversePath?.replace(/^.*@/, '')), [undefined, 'ours.test', 'also-ours.test', undefined]);
  assert.deepEqual(forwarded, [1, 2]);
  assert.deepEqual(await returnPaths.resolve(recipients[1]?.reversePath ?? ''), { kind: 'sender', sender: 'pat@stranger.test' });
  assert.equal(await returnPaths.resolve('SRS0=a=b=c=d@elsewhere.test'), undefined);
  assert.equal(await returnPaths.resolve('info@ours.test'), undefined);
});

test('our own senders, the null sender, and who is told not to, are left as they are', async () => {
  for (const [sender, settings] of [['alice@ours.test', {}], ['', {}], ['pat@stranger.test', { rewriteSender: false }]] as const) {
    const { recipients, forwarded } = await forward(parts(settings).forwarder, sender, [ALIAS]);
    assert.deepEqual([recipients[0]?.reversePath, forwarded], [undefined, [0]], sender);
  }
});

test('another domain may take the bounces', async () => {
  const { forwarder, returnPaths } = parts({ srsDomain: 'srs.elsewhere.test' });
  const [first] = (await forward(forwarder, 'pat@stranger.test', [ALIAS])).recipients;
  assert.match(first?.reversePath ?? '', /@srs\.elsewhere\.test$/);
  assert.equal((await returnPaths.resolve(first?.reversePath ?? ''))?.kind, 'sender');
});

test('what its token names is forgotten like what has expired', async () => {
  const { forwarder, returnPaths } = parts();
  const [first] = (await forward(forwarder, '"john doe"@stranger.test', [ALIAS])).recipients;
  assert.deepEqual(await returnPaths.resolve(first?.reversePath ?? ''), { kind: 'sender', sender: '"john doe"@stranger.test' });
  remembered.clear();
  const answer = await returnPaths.resolve(first?.reversePath ?? '');
  assert.deepEqual(answer?.kind === 'refused' && answer.cause, 'expired');
});

test('an alias that the message names in Delivered-To has had it', async () => {
  const { recipients, forwarded } = await forward(parts().forwarder, 'pat@stranger.test', [ALIAS, { address: 'b@there.test', via: 'new@ours.test' }], { header: 'Delivered-To: INFO@ours.test\r\nFrom: x\r\n\r\n' });
  assert.deepEqual(recipients.map(({ loop }) => loop), [true, undefined]);
  assert.deepEqual(forwarded, [1]);
});

test('VERP when it is asked for, or for mailings of our domains when the settings say so', async () => {
  const to = [{ address: 'u@there.test' }];
  const senders = async (forwarder: Forwarder, sender: string, more: Parameters<typeof forward>[3]): Promise<string | undefined> => (await forward(forwarder, sender, to, more)).recipients[0]?.reversePath;
  assert.equal(await senders(parts().forwarder, 'list@ours.test', { envelope: { verp: '' } }), 'list+u=there.test@ours.test');
  assert.equal(await senders(parts().forwarder, 'list@ours.test', { envelope: { verp: '-=' } }), 'list-u=there.test@ours.test');
  assert.equal(await senders(parts().forwarder, 'list@ours.test', { bulk: true }), undefined);
  assert.equal(await senders(parts({}, 'bulk').forwarder, 'list@ours.test', { bulk: true }), 'list+u=there.test@ours.test');
  assert.equal(await senders(parts({}, 'bulk').forwarder, 'list@ours.test', {}), undefined);
  assert.equal(await senders(parts({}, 'bulk').forwarder, 'list@stranger.test', { bulk: true }), undefined);
  assert.equal(await senders(parts({}, 'bulk').forwarder, '', { bulk: true }), undefined);
});
