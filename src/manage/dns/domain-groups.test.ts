import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainGroups, domainTitle } from './domain-groups.ts';

test('reasons that differ only in the domain are told once, with the domains named', () => {
  const rows = ['a.example', 'b.example'].map((domain) => ({ domain, reason: `the look-up of _dmarc.${domain} failed` }));
  assert.deepEqual(domainGroups([...rows, { domain: 'c.example', reason: 'c.example is odd' }]), [
    { domains: ['a.example', 'b.example'], reason: 'the look-up of _dmarc.DOMAIN failed' },
    { domains: ['c.example'], reason: 'c.example is odd' },
  ]);
});

test('of hundreds of domains eight are named', () => {
  const many = Array.from({ length: 100 }, (_, at) => `d${at}.example`);
  assert.equal(domainTitle(many), '100 domains (d0.example, d1.example, d2.example, d3.example, d4.example, d5.example, d6.example, d7.example and 92 more)');
  assert.ok(domainTitle(many, true).endsWith('d98.example, d99.example)'));
  assert.equal(domainTitle(['one.example']), 'one.example');
});
