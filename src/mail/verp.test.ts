import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMailbox } from './address.ts';
import { isVerpDelimiters, verpSender } from './verp.ts';

test('the sender names the recipient, as Postfix writes it', () => {
  // The example of Postfix's VERP_README.
  assert.equal(verpSender('owner-listname@origin.test', 'user@domain.test', '+='), 'owner-listname+user=domain.test@origin.test');
  assert.equal(verpSender('list@origin.test', 'user+tag@domain.test', '-='), 'list-user+tag=domain.test@origin.test');
  assert.equal(verpSender('', 'user@domain.test', '+='), '');
});

test('odd local parts stay addresses', () => {
  for (const [sender, recipient] of [['"a b"@x.test', 'c@y.test'], ['a@x.test', '"c d"@y.test'], ['a@x.test', '"c\\"d"@y.test'], ['a@x.test', 'c@[192.0.2.1]']] as const) {
    assert.ok(parseMailbox(verpSender(sender, recipient, '+=')), recipient);
  }
  assert.equal(verpSender('a@x.test', '"c d"@y.test', '+='), '"a+c d=y.test"@x.test');
});

test('delimiters are two of three characters', () => {
  assert.deepEqual(['+=', '-=', '==', '+', '', '+@', '+==', '/='].filter(isVerpDelimiters), ['+=', '-=', '==']);
});
