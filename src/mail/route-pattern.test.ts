import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainPatterns, recipientPatterns, routePattern, senderPatterns } from './route-pattern.ts';

test('patterns have one stored form', () => {
  const recipient = (text: string) => routePattern('recipient', text);
  assert.deepEqual(['Example.NET', '.Example.net', '@example.net', ' * ', 'U@Example.Net'].map(recipient), ['example.net', '.example.net', 'example.net', '*', 'u@example.net']);
  const sender = (text: string) => routePattern('sender', text);
  assert.deepEqual(['Example.NET', '@Example.net', 'A@example.net'].map(sender), ['@example.net', '@example.net', 'a@example.net']);
  for (const bad of ['', ' ', '.', '..', 'a b', '[192.0.2.1]', 'a@', 'a@[192.0.2.1]', 'x..y']) assert.equal(recipient(bad), undefined, bad);
  assert.equal(sender('*'), undefined);
});

test('the most particular pattern is looked for first', () => {
  assert.deepEqual(recipientPatterns('u@a.b.example'), ['u@a.b.example', 'a.b.example', '.b.example', '.example', '*']);
  assert.deepEqual(domainPatterns('u@[192.0.2.1]'), []);
  assert.deepEqual(senderPatterns('U@Example.org'), ['u@example.org', '@example.org']);
  assert.deepEqual(senderPatterns(''), []);
});
