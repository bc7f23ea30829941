import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isInnerAddress, isPublicAddress } from './public-address.ts';

it('addresses that a stranger may make us connect to', () => {
  for (const address of ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1']) assert.ok(isPublicAddress(address), address);
  for (const address of ['', 'x', '127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1', '255.255.255.255', '::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '192.0.2.1', '2001:db8::1']) {
    assert.equal(isPublicAddress(address), false, address);
  }
});

it('addresses inside of a site', () => {
  for (const address of ['127.0.0.1', '10.0.0.1', '::1', 'fd00::1', 'fe80::1']) assert.ok(isInnerAddress(address), address);
  for (const address of ['192.0.2.1', '8.8.8.8', '2001:db8::1', 'x']) assert.equal(isInnerAddress(address), false, address);
});
