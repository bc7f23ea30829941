import assert from 'node:assert/strict';
import test from 'node:test';
import { editDistance, nearest } from './suggestion.ts';
import { parseDuration, parseEndpoint, parseHostname, parseNetwork, parseSize } from './values.ts';

test('durations', () => {
  assert.equal(parseDuration('30s'), 30_000);
  assert.equal(parseDuration('1h30m'), 5_400_000);
  assert.equal(parseDuration('250ms'), 250);
  assert.equal(parseDuration('2w'), 14 * 86_400_000);
  for (const wrong of ['', '5', '5 d', 'd', '-1s', '1.5h', '99999w', '1s'.repeat(40)]) assert.equal(parseDuration(wrong), undefined, wrong);
});

test('sizes', () => {
  assert.equal(parseSize('50MiB'), 52_428_800);
  assert.equal(parseSize('10 MB'), 10_000_000);
  assert.equal(parseSize('512B'), 512);
  for (const wrong of ['', '5', '5mb', '1TB', '-1KB', '999999999999GiB']) assert.equal(parseSize(wrong), undefined, wrong);
});

test('endpoints', () => {
  assert.deepEqual(parseEndpoint('0.0.0.0:25'), { address: '0.0.0.0', port: 25 });
  assert.deepEqual(parseEndpoint('[::]:0'), { address: '::', port: 0 });
  assert.deepEqual(parseEndpoint('192.0.2.1', 53), { address: '192.0.2.1', port: 53 });
  assert.deepEqual(parseEndpoint('2001:db8::1', 53), { address: '2001:db8::1', port: 53 });
  for (const wrong of ['::25', '25', 'localhost:25', '1.2.3:25', '1.2.3.4:65536', '[1.2.3.4]:25', '[::1:25']) {
    assert.equal(parseEndpoint(wrong), undefined, wrong);
  }
});

test('networks must have no bits behind the prefix', () => {
  assert.equal(parseNetwork('10.0.0.0/8'), '10.0.0.0/8');
  assert.equal(parseNetwork('192.0.2.7'), '192.0.2.7/32');
  assert.equal(parseNetwork('2001:db8::/32'), '2001:db8::/32');
  assert.equal(parseNetwork('::ffff:10.0.0.0/104'), '::ffff:10.0.0.0/104');
  assert.equal(parseNetwork('0.0.0.0/0'), '0.0.0.0/0');
  for (const wrong of ['10.0.0.1/8', '2001:db8::1/32', '10.0.0.0/33', '::/129', '10.0.0.0/', 'x/8', '10/8']) {
    assert.equal(parseNetwork(wrong), undefined, wrong);
  }
});

test('host names', () => {
  assert.equal(parseHostname('Mail.Example.org.'), 'mail.example.org');
  for (const wrong of ['', '-a.b', 'a-.b', 'a..b', 'a_b.c', '192.0.2.1', `${'a'.repeat(64)}.b`]) assert.equal(parseHostname(wrong), undefined, wrong);
});

test('suggestions take near words only', () => {
  assert.equal(editDistance('netwroks', 'networks'), 1);
  assert.equal(nearest('hostnmae', ['hostname', 'storage']), 'hostname');
  assert.equal(nearest('Data_Dir', ['data-dir', 'dns']), 'data-dir');
  assert.equal(nearest('completely-else', ['hostname', 'storage']), undefined);
});
