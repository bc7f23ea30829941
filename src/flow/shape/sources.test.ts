import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, finish, HOUR, permitFor, request, shapeKit, siteFor, TAKEN, type Answer, type ShapeSetup } from '../../../test/harness/shape-kit.ts';

const GOOGLE = siteFor('gmail-smtp-in.l.google.com');
const SLOW: Answer = { code: 421, enhanced: '4.7.28', text: 'unusual rate of unsolicited mail originating from your IP address', mx: 'gmail-smtp-in.l.google.com' };
const BLOCK: Answer = { code: 550, enhanced: '5.7.1', text: 'very low reputation of the sending IP address', mx: 'gmail-smtp-in.l.google.com' };

const POOLS: ShapeSetup = {
  ips: [
    { address: '192.0.2.1', helo: 'a.example.org', warm: true },
    { address: '192.0.2.2', pool: 'news', warm: true },
    { address: '192.0.2.3', pool: 'shop', warm: true },
  ],
  outbound: { pools: [{ name: 'news', streams: ['bulk'], senders: [] }, { name: 'shop', streams: [], senders: ['shop.test', 'boss@example.org'] }] },
};

function sourceOf(setup: ShapeSetup, more: Parameters<typeof request>[1] = {}): string | undefined {
  return permitFor(shapeKit(setup), request(GOOGLE, more)).sources[0]?.address;
}

test('the first pool whose stream and sender fit is used, else the default', () => {
  assert.equal(sourceOf(POOLS), '192.0.2.1');
  assert.equal(sourceOf(POOLS, { stream: 'bulk' }), '192.0.2.2');
  assert.equal(sourceOf(POOLS, { stream: 'bulk', sender: 'x@shop.test' }), '192.0.2.2');
  assert.equal(sourceOf(POOLS, { sender: 'X@Shop.Test' }), '192.0.2.3');
  assert.equal(sourceOf(POOLS, { sender: 'boss@example.org' }), '192.0.2.3');
});

test('each address has its EHLO name; without addresses the system chooses', () => {
  assert.deepEqual(permitFor(shapeKit(POOLS), request(GOOGLE)).sources, [{ address: '192.0.2.1', helo: 'a.example.org', pool: 'default' }]);
  const permit = permitFor(shapeKit(), request(GOOGLE));
  assert.deepEqual([permit.sources, permit.lane.source, permit.protocols], [[], '', ['ipv4']]);
});

test('addresses of a pool take turns by weight', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', weight: 3, warm: true }, { address: '192.0.2.2', warm: true }] });
  const used = new Map<string, number>();
  for (let sent = 0; sent < 400; sent += 1) {
    const permit = permitFor(kit, request(GOOGLE));
    const address = permit.sources[0]?.address ?? '';
    used.set(address, (used.get(address) ?? 0) + 1);
    finish(kit, permit, { ...TAKEN, reused: true });
  }
  assert.deepEqual([used.get('192.0.2.1'), used.get('192.0.2.2')], [300, 100]);
});

test('one address for each protocol, in the order of the site or the configuration; a pool of one family keeps to it', () => {
  const ips = [{ address: '192.0.2.1', warm: true }, { address: '2001:db8::1', warm: true }, { address: '192.0.2.9', pool: 'news', warm: true }];
  const outbound: ShapeSetup['outbound'] = { protocols: ['ipv6', 'ipv4'], pools: [{ name: 'news', streams: ['bulk'], senders: [] }] };
  const both = permitFor(shapeKit({ ips, outbound }), request(GOOGLE));
  assert.deepEqual([both.protocols, both.sources.map(({ address }) => address)], [['ipv6', 'ipv4'], ['2001:db8::1', '192.0.2.1']]);
  const news = permitFor(shapeKit({ ips, outbound }), request(GOOGLE, { stream: 'bulk' }));
  assert.deepEqual([news.protocols, news.sources.map(({ address }) => address)], [['ipv4'], ['192.0.2.9']]);
  const fixed = permitFor(shapeKit({ ips, outbound, config: { sites: [{ key: 'google', protocols: ['ipv4'] }] } }), request({ key: 'google', title: 'Gmail' }));
  assert.deepEqual(fixed.protocols, ['ipv4']);
});

test('when IPv6 is blocked at a site, mail goes over IPv4', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }, { address: '2001:db8::1', warm: true }], outbound: { protocols: ['ipv6', 'ipv4'] } });
  finish(kit, permitFor(kit, request(GOOGLE)), BLOCK);
  assert.deepEqual(permitFor(kit, request(GOOGLE)).sources.map(({ address }) => address), ['192.0.2.1']);
});

const STANDBY: ShapeSetup = { ips: [{ address: '192.0.2.1', warm: true }, { address: '192.0.2.2', standby: true, warm: true }] };

async function standbyAfter(answer: Answer, spf: boolean): Promise<string> {
  const kit = shapeKit({ ...STANDBY, spf: async () => spf });
  assert.equal(permitFor(kit, request(GOOGLE)).sources[0]?.address, '192.0.2.1');
  assert.equal(attempt(kit, request(GOOGLE), answer), 'sent');
  // SPF is asked at the first need, and the answer is there for the next.
  kit.shaper.preview(request(GOOGLE));
  await Promise.resolve();
  await Promise.resolve();
  const admission = kit.shaper.admit(request(GOOGLE));
  return admission.kind === 'go' ? (admission.permit.sources[0]?.address ?? '') : admission.rule;
}

test('a standby steps in for a hot address, when SPF lists it; never round a block', async () => {
  assert.equal(await standbyAfter(SLOW, true), '192.0.2.2');
  assert.equal(await standbyAfter(SLOW, false), 'lane-hot');
  assert.equal(await standbyAfter(BLOCK, true), 'lane-blocked');
  assert.equal(await standbyAfter(TAKEN, true), '192.0.2.1');
});

test('the answer about SPF wakes the line; a standby that is hot itself does not step in', async () => {
  const kit = shapeKit({ ...STANDBY });
  attempt(kit, request(GOOGLE), SLOW);
  kit.told.length = 0;
  kit.shaper.preview(request(GOOGLE));
  await Promise.resolve();
  await Promise.resolve();
  assert.deepEqual(kit.told, ['google']);
  attempt(kit, request(GOOGLE), SLOW);
  assert.equal(attempt(kit, request(GOOGLE), TAKEN), 'lane-hot');
});

test('a detour through a smarthost while our own addresses rest, and only for its sites', () => {
  const outbound: ShapeSetup['outbound'] = { fallbacks: [{ sites: ['google'], host: 'smtp.relay.test', port: 587, tls: 'verify', username: 'u', passwordFile: '/p' }] };
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }], outbound });
  assert.equal(attempt(kit, request(GOOGLE), TAKEN), 'sent');
  const direct = permitFor(kit, request(GOOGLE));
  assert.equal(direct.wayRound, true, 'whoever is blocked now need not wait as long as the block');
  finish(kit, direct, BLOCK);
  const permit = permitFor(kit, request(GOOGLE));
  assert.equal(permit.wayRound, undefined);
  assert.deepEqual(permit.detour, { host: 'smtp.relay.test', port: 587, tls: 'verify', username: 'u', passwordFile: '/p' });
  assert.equal(permit.site.key, 'google');
  finish(kit, permit, { code: 450, enhanced: '4.7.1', text: 'rate limited due to IP reputation' });
  const lane = kit.shaper.control.lanes().find(({ key }) => key.site === 'google' && key.source === '192.0.2.1');
  assert.equal(lane?.state, 'blocked', 'what the smarthost says is not what the site says');
  const yahoo = siteFor('mta5.am0.yahoodns.net');
  attempt(kit, request(yahoo), { ...SLOW, text: '[TSS04] deferred', enhanced: '4.7.0', mx: 'mta5.am0.yahoodns.net' });
  assert.equal(attempt(kit, request(yahoo), TAKEN), 'lane-hot');
  kit.clock.advance(HOUR);
  assert.equal(permitFor(kit, request(GOOGLE)).detour, undefined, 'after the rest our own address probes');
});
