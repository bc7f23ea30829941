import assert from 'node:assert/strict';
import { test } from 'node:test';
import { triedText, type Tried } from './tried-hosts.ts';

const refused: Tried = { mx: 'mx1.example.net', address: '192.0.2.1', error: 'connect to mx1.example.net[192.0.2.1]:25: Connection refused', own: true };
const busy: Tried = { mx: 'mx2.example.net', address: '192.0.2.2', error: '451 4.3.2\r\nbusy' };

test('the other hosts of an attempt: what became of each, and why another\'s word counts', () => {
  assert.equal(triedText({}, 5), undefined);
  assert.equal(triedText({ tried: [refused] }, 5), '2 hosts were tried; this is the only one that gave an answer. The others: connect to mx1.example.net[192.0.2.1]:25: Connection refused.');
  assert.match(triedText({ tried: [refused, busy] }, 5) ?? '', /^3 hosts were tried; this is the last answer that one of them gave\. .*; mx2\.example\.net \[192\.0\.2\.2\] answered 451 4\.3\.2 busy\.$/);
  assert.match(triedText({ tried: [refused], ownReply: true }, 5) ?? '', /none of them gave an answer that counts/);
});

test('it is bounded', () => {
  const tried = Array.from({ length: 9 }, () => ({ ...busy, error: 'x'.repeat(5000) }));
  const text = triedText({ tried, cutShort: true }, 5) ?? '';
  assert.match(text, /; 4 more\. One attempt asks no more hosts than that/);
  assert.ok(text.length < 1500);
});
