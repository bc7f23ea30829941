import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VERB_GROUPS, verbsBeside } from './verb-groups.ts';
import { verbs } from './verbs.ts';

test('each group names the nouns of its verbs, so that every verb is found by its name', async () => {
  for (const { nouns, load } of VERB_GROUPS) assert.deepEqual(nouns, [...new Set((await load()).map(({ name }) => name.split('.')[0]))]);
  for (const { name } of verbs) assert.ok((await verbsBeside(name)).some((verb) => verb.name === name), name);
  for (const name of ['', '.', 'nothing', 'nothing.list', 'account', 'constructor.name']) assert.deepEqual(await verbsBeside(name), [], name);
});
