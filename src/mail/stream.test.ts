import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHeader, removeFields } from './header.ts';
import { alignedSigner, isStreamField, streamOf } from './stream.ts';

const stream = (header: string, change: { recipients?: number; own?: boolean } = {}): string =>
  streamOf({ fields: parseHeader(Buffer.from(`${header}\r\n\r\n`)).fields, recipients: 1, own: true, ...change });

test('what nobody marked is transactional; lists, mailings and mail to many are bulk', () => {
  assert.equal(stream('Subject: x'), 'transactional');
  for (const mark of ['List-Unsubscribe: <https://example.org/u>', 'LIST-ID: <l.example.org>', 'Precedence: Bulk', 'Precedence: list', 'precedence: junk']) {
    assert.equal(stream(mark), 'bulk', mark);
    assert.equal(stream(mark, { own: false }), 'bulk', mark);
  }
  assert.deepEqual([stream('Precedence: first-class'), stream('Subject: x', { recipients: 50 }), stream('Subject: x', { recipients: 51 })], ['transactional', 'transactional', 'bulk']);
});

test('the wish of our own users wins, a stranger has none', () => {
  assert.equal(stream('X-Posthorn-Stream: urgent\r\nList-Id: <l.example.org>'), 'urgent');
  assert.equal(stream('X-Posthorn-Stream:  Bulk '), 'bulk');
  assert.equal(stream('X-Posthorn-Stream: express'), 'transactional');
  assert.equal(stream('Priority: urgent'), 'urgent');
  assert.equal(stream('X-Posthorn-Stream: transactional\r\nPriority: urgent'), 'transactional');
  assert.equal(stream('X-Posthorn-Stream: urgent\r\nPriority: urgent', { own: false }), 'transactional');
});

test('every field of the name is removed', () => {
  const header = Buffer.from('A: 1\r\nX-Posthorn-Stream: urgent\r\nx-posthorn-stream: bulk\r\n\r\n');
  assert.equal(removeFields(header, isStreamField).toString(), 'A: 1\r\n\r\n');
});

test('the signature that receivers judge is the one of the author domain, the closest first', () => {
  assert.equal(alignedSigner(['example.org', 'news.example.org', 'esp.example'], 'News.Example.org'), 'news.example.org');
  assert.equal(alignedSigner(['example.org'], 'a.b.example.org'), 'example.org');
  assert.equal(alignedSigner(['esp.example', 'ample.org'], 'example.org'), undefined);
  assert.equal(alignedSigner([], 'example.org'), undefined);
});
