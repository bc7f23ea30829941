import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeader } from '../../mail/header.ts';
import type { VacationAction } from '../../sieve/action.ts';
import { vacationKey, vacationMessage, vacationObstacle } from './vacation.ts';

const OWN = ['ann@example.org'];

function obstacle(header: string, more: { sender?: string; believed?: boolean; junk?: boolean; addresses?: readonly string[] } = {}): string | undefined {
  const { fields } = parseHeader(Buffer.from(`${header}\r\n\r\n`));
  return vacationObstacle({ fields, sender: more.sender ?? 'pat@far.example', believed: more.believed ?? true, junk: more.junk ?? false, own: OWN, action: { addresses: more.addresses ?? [] } });
}

test('a person who wrote to this person is answered', () => {
  for (const header of ['To: Ann <ANN@Example.org>', 'Cc: x@y.example, ann+work@example.org', 'Resent-To: ann@example.org', 'To: ann@example.org\r\nAuto-Submitted: no', 'To: friends: ann@example.org;']) assert.equal(obstacle(header), undefined, header);
  assert.equal(obstacle('To: old@example.net', { addresses: ['Old@example.net'] }), undefined);
});

test('nobody else is', () => {
  const to = 'To: ann@example.org';
  for (const header of ['To: others@example.org', '', `${to}\r\nList-Id: <x>`, `${to}\r\nList-Unsubscribe: <mailto:x@y>`, `${to}\r\nPrecedence: Bulk`, `${to}\r\nPrecedence: junk`, `${to}\r\nAuto-Submitted: auto-generated (x)`, `${to}\r\nX-Auto-Response-Suppress: DR, OOF`, `${to}\r\nX-Loop: a`, `${to}\r\nMailing-List: x`]) {
    assert.notEqual(obstacle(header), undefined, header);
  }
  for (const sender of ['', 'MAILER-DAEMON@far.example', 'owner-list@far.example', 'list-request@far.example', 'no-reply@far.example', 'bounce-123@far.example', 'SRS0=x=y=z=w@far.example', 'ann+x@example.org']) assert.notEqual(obstacle(to, { sender }), undefined, sender);
  assert.notEqual(obstacle(to, { believed: false }), undefined);
  assert.notEqual(obstacle(to, { junk: true }), undefined);
});

const ACTION: VacationAction = { kind: 'vacation', line: 1, reason: 'Zur\u00fcck am Montag.\n', mime: false, subject: undefined, from: undefined, addresses: [], handle: 'h', periodSeconds: 60 };

function message(header: string, action: Partial<VacationAction> = {}): string {
  const { fields } = parseHeader(Buffer.from(`${header}\r\n\r\n`));
  return vacationMessage({ fields, action: { ...ACTION, ...action }, from: { address: 'ann@example.org' }, to: 'pat@far.example', messageId: '<new@example.org>', now: 0 }).toString();
}

test('the answer names what it answers', () => {
  const text = message('Message-ID: <b@x>\r\nReferences: <a@x>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=');
  assert.match(text, /^Subject: =\?utf-8\?B\?QXV0bzogR3LDvMOfZQ==\?=\r$/m);
  assert.match(text, /^In-Reply-To: <b@x>\r$/m);
  assert.match(text, /^References: <a@x> <b@x>\r$/m);
  assert.match(text, /^Auto-Submitted: auto-replied \(vacation\)\r$/m);
  assert.match(text, /Zur=C3=BCck am Montag/);
  assert.match(message(''), /^Subject: Auto: your message\r$/m);
  assert.doesNotMatch(message('Subject: x\r\n\ty'), /\r\n\ty/);
});

test('a MIME answer has the fields of the script that are about content, and no others', () => {
  const text = message('Subject: x', { mime: true, reason: 'Content-Type: text/html; charset=utf-8\nSubject: other\nBcc: victim@far.example\n\n<p>Away</p>\n' });
  assert.match(text, /^Content-Type: text\/html; charset=utf-8\r$/m);
  assert.doesNotMatch(text, /victim|Subject: other|text\/plain/);
  assert.match(text, /\r\n\r\n<p>Away<\/p>\r\n$/);
});

test('the same sender and handle is the same answer', () => {
  assert.equal(vacationKey('Pat@Far.Example', 'h').slice(0, 8), vacationKey('Pat@far.example', 'h').slice(0, 8));
  assert.notEqual(vacationKey('pat@far.example', 'h'), vacationKey('pat@far.example', 'i'));
});
