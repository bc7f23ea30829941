/** What counts as a domain name when somebody asks about it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPublicDomain } from './domain-name.ts';

test('domains and top-level domains can be asked about; lone names of programs and machines cannot', () => {
  for (const name of ['example.org', '_dmarc.example.org', 'ai', 'bank', 'xn--p1ai']) assert.ok(isPublicDomain(name), name);
  for (const name of ['', '__proto__', 'constructor1', 'localhost', 'mail-1', '127', 'a..b']) assert.ok(!isPublicDomain(name), name);
});
