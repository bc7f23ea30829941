import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainReply } from './explain.ts';
import { vaguely, wordsAlone } from './refused-alike.ts';

const same = (a: string, b: string, to: readonly [string, string] = ['anna@x.example', 'bert@x.example']): void =>
  assert.equal(wordsAlone({ code: 550, text: a }, to[0]), wordsAlone({ code: 550, text: b }, to[1]));

test('the same words about another recipient, host, time or id are the same words', () => {
  same('<anna@x.example> zark fnord', '<bert@x.example> zark fnord');
  same('zark anna: fnord', 'zark bert: fnord');
  same('zark 192.0.2.1 fnord (4XyzQ8Ab1) 12:03:04', 'zark 192.0.2.7 fnord (7BczQ1Zz9) 12:04:00');
  same('zark mail.shop.example fnord', 'zark mx.club.example fnord');
  same('zark QWxhZGRpbgKx fnord', 'zark bGVuZ3RoYWJj fnord');
  same('zark deadbeefcafe fnord', 'zark feedfaceabba fnord');
  same('zark\nfnord', 'ZARK   fnord');
  same('zark https://odd.example/r?id=aa&x=qq fnord', 'zark http://help.odd.example/why fnord');
});

test('other words, or another code, are others', () => {
  const words = (code: number, text: string): string => wordsAlone({ code, text }, 'anna@x.example');
  assert.notEqual(words(550, 'zark fnord'), words(554, 'zark fnord'));
  assert.notEqual(words(550, 'zark fnord'), words(550, 'zark quux'));
  assert.equal(words(550, ''), '550 ');
});

const mx = { mx: 'mx.odd.example' };

for (const [code, enhanced, text, whom] of [
  [550, undefined, 'zark fnord', 'nobody'],
  [550, '5.7.1', 'zark fnord', 'sender'],
  [530, '5.7.0', 'Authentication required', 'sender'],
  [503, undefined, 'zark fnord', 'nobody'],
  [550, undefined, 'Access denied', 'nobody'],
  [550, '5.1.1', 'zark fnord', 'recipient'],
  [550, undefined, 'Requested action not taken: mailbox unavailable', 'recipient'],
  [550, '5.1.1', 'No such user here', undefined],
  [550, undefined, 'Benutzer unbekannt', undefined],
  [552, '5.2.2', 'zark fnord', undefined],
  [552, '5.3.4', 'zark fnord', undefined],
  [554, '5.7.1', 'Spam message rejected', undefined],
  [550, '5.7.26', 'zark fnord', undefined],
] as const) {
  test(`${code} ${enhanced ?? ''} ${text}: names ${whom ?? 'its cause'}`, () => {
    assert.equal(vaguely(explainReply({ code, text, ...(enhanced !== undefined && { enhanced }) }, mx)), whom);
  });
}
