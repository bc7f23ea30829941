import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNetworkSet, plainAddress } from './cidr.ts';

test('IPv4 networks hold their addresses and no others', () => {
  const set = createNetworkSet(['127.0.0.0/8', '192.0.2.7']);
  assert.equal(set.has('127.200.3.4'), true);
  assert.equal(set.has('128.0.0.1'), false);
  assert.equal(set.has('192.0.2.7'), true);
  assert.equal(set.has('192.0.2.8'), false);
});

test('IPv6 networks hold their addresses, zones are ignored', () => {
  const set = createNetworkSet(['2001:db8::/32', '::1/128', 'fe80::/10']);
  assert.equal(set.has('2001:DB8:1::5'), true);
  assert.equal(set.has('2001:db9::5'), false);
  assert.equal(set.has('::1'), true);
  assert.equal(set.has('fe80::1%eth0'), true);
});

test('a mapped address counts as the IPv4 address it carries', () => {
  const set = createNetworkSet(['127.0.0.0/8']);
  assert.equal(set.has('::ffff:127.0.0.1'), true);
  assert.equal(set.has('::FFFF:7f00:1'), true);
  assert.equal(set.has('::ffff:10.0.0.1'), false);
  assert.equal(createNetworkSet(['::ffff:10.0.0.0/104']).has('10.1.2.3'), true);
  assert.equal(plainAddress('::ffff:c000:0207'), '192.0.2.7');
});

test('an empty set and text that is no address: never', () => {
  assert.equal(createNetworkSet([]).has('127.0.0.1'), false);
  for (const text of ['', 'localhost', '127.0.0.1/8', '999.1.1.1', '::ffff:999.1.1.1']) {
    assert.equal(createNetworkSet(['0.0.0.0/0', '::/0']).has(text), false, text);
  }
});

test('wrong networks are refused by name', () => {
  for (const text of ['', 'localhost/8', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '::/129', '10.0.0.0/']) {
    assert.throws(() => createNetworkSet([text]), { code: 'bad-network' }, text);
  }
});
