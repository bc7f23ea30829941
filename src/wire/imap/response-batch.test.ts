import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseBatch } from './response-batch.ts';
import { bad, formatOutcome, ok } from './response.ts';

const written = (write: (batch: ResponseBatch) => unknown, utf8 = false): string => {
  const batch = new ResponseBatch();
  batch.utf8 = utf8;
  write(batch);
  return batch.take().toString('utf8');
};

test('strings are quoted where they can be, literals else', () => {
  assert.equal(written((batch) => batch.string('')), '""');
  assert.equal(written((batch) => batch.string('a "b" \\')), '"a \\"b\\" \\\\"');
  assert.equal(written((batch) => batch.string('für')), '{4}\r\nfür');
  assert.equal(written((batch) => batch.string('für'), true), '"für"');
  assert.equal(written((batch) => batch.string('a\r\nb'), true), '{4}\r\na\r\nb');
  assert.equal(written((batch) => batch.string('a\0b')), '{2}\r\nab');
  assert.equal(written((batch) => batch.string('x'.repeat(2000))), `{2000}\r\n${'x'.repeat(2000)}`);
  assert.equal(written((batch) => batch.nstring(undefined)), 'NIL');
  assert.equal(written((batch) => batch.astring('NIL')), '"NIL"');
  assert.equal(written((batch) => batch.astring('')), '""');
});

test('mailboxes in the form that the client understands', () => {
  assert.equal(written((batch) => batch.mailbox('INBOX')), 'INBOX');
  assert.equal(written((batch) => batch.mailbox('Entwürfe')), '"Entw&APw-rfe"');
  assert.equal(written((batch) => batch.mailbox('Entwürfe'), true), '"Entwürfe"');
});

test('a batch grows, and starts small again', () => {
  const batch = new ResponseBatch();
  for (let index = 0; index < 1000; index++) batch.line(`* ${index} EXPUNGE`);
  const bytes = batch.take();
  assert.equal(bytes.toString().split('\r\n').length, 1001);
  assert.equal(batch.length, 0);
  batch.line('x');
  assert.ok(bytes.toString().startsWith('* 0 EXPUNGE'), 'what was taken is not written over');
});

test('tagged lines', () => {
  assert.equal(formatOutcome('a1', ok('done', 'READ-WRITE')), 'a1 OK [READ-WRITE] done');
  assert.equal(formatOutcome('*', bad('für\r\nalle')), '* BAD f?r??alle');
});
