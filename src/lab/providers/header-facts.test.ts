import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeader } from '../../mail/header.ts';
import { headerFacts } from './header-facts.ts';

function facts(...lines: string[]) {
  return headerFacts(parseHeader(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`)));
}

test('one From with one address', () => {
  const found = facts('From: "A, B" <a@Example.ORG>', 'Message-ID: <1@x>', 'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=');
  assert.deepEqual([found.fromFields, found.fromAddresses, found.fromDomain, found.subject, found.messageIdFields], [1, 1, 'example.org', 'Grüße', 1]);
});

test('From missing, doubled, without an address', () => {
  assert.deepEqual(facts('Subject: x').fromFields, 0);
  assert.deepEqual(facts('From: a@example.org', 'from: b@example.org').fromFields, 2);
  assert.deepEqual(facts('From: undisclosed').fromAddresses, 0);
});

test('duplicates are named, an empty Message-ID counts as none', () => {
  const found = facts('From: a@example.org', 'Date: x', 'date: y', 'Message-ID:', 'Received: a', 'Received: b');
  assert.deepEqual(found.duplicates, ['Date']);
  assert.equal(found.messageIdFields, 0);
});

test('one-click unsubscription needs both fields and https', () => {
  const post = 'List-Unsubscribe-Post: List-Unsubscribe=One-Click';
  assert.equal(facts('List-Unsubscribe: <mailto:u@example.org>, <https://example.org/u>', post).oneClickUnsubscribe, true);
  assert.equal(facts('List-Unsubscribe: <mailto:u@example.org>', post).oneClickUnsubscribe, false);
  assert.equal(facts('List-Unsubscribe: <https://example.org/u>').oneClickUnsubscribe, false);
});
