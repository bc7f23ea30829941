import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMessageUrl } from './message-url.ts';

const whole = { part: [], text: 'all', fields: [] };

test('URLs of messages and their sections', () => {
  assert.deepEqual(parseMessageUrl('/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER'), {
    mailbox: 'Drafts', uidValidity: 385_759_045, uid: 20, section: { ...whole, text: 'header' }, partial: undefined,
  });
  assert.deepEqual(parseMessageUrl('/a/b%20c/%C3%A9/;uid=4294967295'), { mailbox: 'a/b c/é', uidValidity: undefined, uid: 4_294_967_295, section: whole, partial: undefined });
  assert.deepEqual(parseMessageUrl('/inbox/;UID=1/;SECTION=1.2.MIME/;PARTIAL=5.7')?.partial, { start: 5, count: 7 });
  assert.deepEqual(parseMessageUrl('/inbox/;UID=1/;SECTION=HEADER.FIELDS%20(To%20Cc)')?.section, { part: [], text: 'fields', fields: ['To', 'Cc'] });
});

test('what is no URL of a message here', () => {
  for (const text of ['', '/', '/Drafts', 'imap://host/Drafts/;UID=1', '//host/Drafts/;UID=1', '/Drafts/;UID=0', '/Drafts/;UID=4294967296', '/Drafts/;UID=x', '/Drafts/;UID=1/;SECTION=', '/Drafts/;UID=1/;SECTION=FOO', '/Drafts/;UID=1/;PARTIAL=1.', '/Drafts/;UID=1/;PARTIAL=1.2.3', '/Drafts/;UID=1/;URLAUTH=anonymous', '/%ff/;UID=1']) {
    assert.equal(parseMessageUrl(text), undefined, text);
  }
});
