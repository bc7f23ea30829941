import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResolvConf } from './resolv-conf.ts';

test('resolv.conf: nameserver lines, else the local host', () => {
  assert.deepEqual(parseResolvConf('# x\nsearch a.b\nnameserver 192.0.2.1\n  nameserver\t::1 \nnameserver nonsense'), [
    { address: '192.0.2.1', port: 53 },
    { address: '::1', port: 53 },
  ]);
  assert.deepEqual(parseResolvConf(''), [{ address: '127.0.0.1', port: 53 }]);
});
