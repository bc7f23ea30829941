import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { addressArgument, domainArgument, selectorArgument, wrongArguments } from './arguments.ts';
import { verbs } from './verbs.ts';

const LONG = 'x'.repeat(100_000);

function refusal(schema: z.ZodType, given: unknown): string {
  const checked = schema.safeParse(given);
  return checked.success ? 'taken' : wrongArguments(checked.error.issues);
}

test('a name that is none, and one without end, are refused with how to write it', () => {
  for (const given of ['   ', '', LONG, `${'abc.'.repeat(25_000)}org`, 'two words', 'a\nb', 'a..b', '[192.0.2.1]', '-', '@', '<script>']) {
    assert.match(refusal(domainArgument, given), /write it like example\.org$/, given.slice(0, 20));
    assert.match(refusal(addressArgument, given), /write it like name@example\.org$/, given.slice(0, 20));
    assert.match(refusal(selectorArgument, given), /use letters, digits and hyphens/, given.slice(0, 20));
  }
  for (const given of ['example.org', 'EXAMPLE.org.', 'bücher.example', 'xn--bcher-kva.example']) assert.equal(refusal(domainArgument, given), 'taken');
});

test('what else is wrong is told without the schema library', () => {
  const schema = z.strictObject({
    name: z.string().min(1).max(5), aliasOf: z.string().optional(), limit: z.number().min(1).max(9), kind: z.enum(['a', 'b']), list: z.array(z.string()).max(1), day: z.string().regex(/^\d$/), either: z.union([z.literal('mx'), z.literal(1)]),
  });
  const good = { name: 'a', limit: 1, kind: 'a', list: [], day: '1', either: 'mx' };
  const said = (change: object): string => refusal(schema, { ...good, ...change });
  assert.equal(said({}), 'taken');
  assert.equal(said({ name: '' }), 'name must not be empty');
  assert.equal(said({ name: undefined }), 'name is missing');
  assert.equal(said({ name: 7 }), 'name must be a string');
  assert.equal(said({ aliasOf: 7 }), 'alias-of must be a string');
  assert.equal(said({ limit: 99 }), 'limit must be 9 at most');
  assert.equal(said({ kind: 'c' }), 'kind must be one of a, b');
  assert.equal(said({ list: ['a', 'b'] }), 'list is too long: give 1 at most');
  assert.equal(said({ day: 'x' }), 'day is not written as it must be');
  assert.equal(said({ either: 'c' }), 'either has none of the forms that it may have');
  assert.equal(said({ more: 1 }), 'there is no argument more');
});

test('no verb answers a wrong argument in the words of the schema library', () => {
  for (const { name, args } of verbs) {
    for (const key of Object.keys((args as { shape?: object }).shape ?? {})) {
      for (const given of [LONG, 1e300, -1, {}, [LONG], '\0', null, true]) {
        assert.doesNotMatch(refusal(args as z.ZodType, { [key]: given }), /Invalid|expected|Too (big|small)|Unrecognized/, `${name} ${key}`);
      }
    }
  }
});
