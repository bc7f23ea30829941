import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saslprep } from './saslprep.ts';

test('the examples of RFC 4013 §3', () => {
  assert.equal(saslprep('I\u00adX'), 'IX');
  assert.equal(saslprep('user'), 'user');
  assert.equal(saslprep('USER'), 'USER');
  assert.equal(saslprep('\u00aa'), 'a');
  assert.equal(saslprep('\u2168'), 'IX');
  assert.equal(saslprep('\u0007'), undefined);
  assert.equal(saslprep('\u0627\u0031'), undefined);
});

test('spaces, NUL, nothing, lone surrogates', () => {
  assert.equal(saslprep('a\u00a0b'), 'a b');
  assert.equal(saslprep('a\u0000b'), undefined);
  assert.equal(saslprep(''), undefined);
  assert.equal(saslprep('\u00ad'), undefined);
  assert.equal(saslprep('\ud800'), undefined);
  assert.equal(saslprep('pässwörd'), 'pässwörd');
});
