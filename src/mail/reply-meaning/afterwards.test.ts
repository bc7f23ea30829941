import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextStepAfterwards } from './afterwards.ts';
import { OUR_SIDE } from './our-side.ts';

test('what was given up is promised no further try', () => {
  for (const { id, nextStep } of OUR_SIDE.rules) assert.doesNotMatch(nextStepAfterwards({ rule: id, nextStep }), /it is tried again|it is sent again|next attempt|goes by itself/i, id);
  assert.match(nextStepAfterwards({ rule: 'own.in-doubt', nextStep: 'It is sent again.' }), /may have arrived all the same: ask the recipient/);
  assert.equal(nextStepAfterwards({ rule: 'own.no-domain', nextStep: 'Check the domain for a typing error.' }), 'Check the domain for a typing error.');
});
