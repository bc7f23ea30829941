import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { silentLog } from '../base/log.ts';
import { runVerb } from './local-call.ts';
import { tlsVerbs } from './tls/tls.ts';
import { defineVerb, type ManageContext } from './verb.ts';

const context = { log: silentLog } as unknown as ManageContext;
const named = defineVerb({ name: 'test.named', summary: 'Takes a name.', args: z.strictObject({ name: z.string().min(1).max(5) }), run: async () => ({}) });

async function errorOf(args: unknown, verbs = [named] as Parameters<typeof runVerb>[0], name = 'test.named'): Promise<string> {
  const outcome = await runVerb(verbs, context, name, args);
  return outcome.kind === 'error' ? `${outcome.error.code}: ${outcome.error.message}` : 'done';
}

test('an empty or overlong argument is told in words that are not the schema library\'s', async () => {
  assert.equal(await errorOf({ name: '' }), 'bad-arguments: name must not be empty');
  assert.equal(await errorOf({ name: 'x'.repeat(6) }), 'bad-arguments: name is too long: give 5 characters at most');
});

test('the 99th of a month is no day to ask a TLS report of', async () => {
  for (const day of ['2026-99-99', '2026-02-30', '2026-13-01', 'x']) {
    assert.match(await errorOf({ day }, tlsVerbs as unknown as Parameters<typeof runVerb>[0], 'tls.report'), /^bad-arguments: .*a day as 2026-11-20/, day);
  }
});
