import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../cli/session.ts';
import { parseScriptOptions } from './script-options.ts';

const OPTIONS = { account: { type: 'string', short: 'u' }, folder: { type: 'string', short: 'f' }, json: { type: 'boolean', default: false } } as const;

test('a search takes terms that must not fit, wherever they stand', () => {
  const { values, positionals } = parseScriptOptions('search', ['alice@example.org', 'invoice', '-draft', '-from:joe', '--folder', 'Archive', '--json', '-u', 'bob'], OPTIONS, { terms: true });
  assert.deepEqual(positionals, ['alice@example.org', 'invoice', '-draft', '-from:joe']);
  assert.deepEqual({ ...values }, { json: true, folder: 'Archive', account: 'bob' });
  assert.deepEqual(parseScriptOptions('search', ['a', '--', '--b', '-c'], OPTIONS, { terms: true }).positionals, ['a', '--b', '-c']);
});

test('what is no option is refused in one sentence', () => {
  const refuses = (args: readonly string[], words: RegExp, terms = true): void => assert.throws(() => parseScriptOptions('list', args, OPTIONS, { terms }), (error) => error instanceof UsageError && words.test(error.message) && !error.message.includes('positional'));
  refuses(['--bogus'], /^posthorn mail list has no option --bogus; there are --account, --folder, --json$/);
  refuses(['-draft'], /has no option -d/, false);
  refuses(['--json=yes'], /^--json takes no value$/);
  refuses(['--folder'], /^--folder needs a value behind it$/);
  refuses(['--folder', '--json'], /^--folder needs a value behind it$/);
  refuses(['-f'], /needs a value behind it$/);
});
