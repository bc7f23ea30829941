import assert from 'node:assert/strict';
import { it } from 'node:test';
import { registeredDomain, sameOwner } from './host-name.ts';

it('the domain that somebody registered, also below the suffixes of countries and companies', () => {
  for (const [host, domain] of [
    ['shop.example.co.uk', 'example.co.uk'], ['a.b.example.org', 'example.org'], ['www.example.kawasaki.jp', 'www.example.kawasaki.jp'], ['x.city.kawasaki.jp', 'city.kawasaki.jp'],
    ['pages.someone.github.io', 'someone.github.io'], ['bucket.s3.amazonaws.com', 'bucket.s3.amazonaws.com'], ['mail.xn--bcher-kva.xn--p1ai', 'xn--bcher-kva.xn--p1ai'],
    ['co.uk', 'co.uk'], ['localhost', 'localhost'], ['192.0.2.1', '192.0.2.1'], ['2001:db8::1', '2001:db8::1'], ['a.b.new-suffix', 'b.new-suffix'], ['a_b.example.org', 'example.org'],
  ] as const) assert.equal(registeredDomain(host), domain, host);
});

it('owners of neighbours are strangers', () => {
  assert.ok(sameOwner('click.example.org', 'www.example.org'));
  assert.ok(!sameOwner('good.github.io', 'evil.github.io'));
  assert.ok(!sameOwner('co.uk', 'example.co.uk'));
});
