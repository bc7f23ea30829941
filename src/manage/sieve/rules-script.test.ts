import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile } from '../../sieve/script.ts';
import { NO_RULES, readRules, rulesSchema, rulesScript } from './rules-script.ts';

const RULES = rulesSchema.parse({
  vacation: { text: 'Back on "Monday".\nAnn', subject: 'Away', since: '2026-12-20', until: '2027-01-06', addresses: ['a@x.example'] },
  forward: { addresses: ['b@y.example'] },
  rules: [
    { name: 'Bills', conditions: [{ field: 'subject', value: 'in"voice' }, { field: 'from', test: 'is', value: 'shop@z.example' }], actions: [{ kind: 'file', folder: 'Money/Bills' }, { kind: 'flag', flag: '\\Flagged' }] },
    { match: 'any', conditions: [{ field: 'recipient', value: 'list@' }, { field: 'header', header: 'X-Tag', test: 'matches', value: 'a*' }, { field: 'size', test: 'over', value: '1000', not: true }, { field: 'body', value: 'x' }, { field: 'list', value: 'dev' }], actions: [{ kind: 'copy', folder: 'All' }, { kind: 'forward', address: 'c@y.example' }, { kind: 'discard' }], goOn: true },
    { actions: [{ kind: 'keep' }] },
  ],
});

test('the script is right, can be read, and is read back as what it was made from', () => {
  const script = rulesScript(RULES);
  const checked = compile(Buffer.from(script));
  assert.deepEqual(checked.ok ? [] : checked.problems, [], script);
  assert.match(script, /if allof \(header :contains "subject" "in\\"voice", address :is "from" "shop@z\.example"\) \{\n {4}addflag "\\\\Flagged";\n {4}fileinto :create "Money\/Bills";\n {4}stop;\n\}/);
  assert.match(script, /if allof \(currentdate :value "ge" "date" "2026-12-20", currentdate :value "le" "date" "2027-01-06"\) \{\n {4}vacation :days 7 :subject "Away"/);
  assert.deepEqual(readRules(script), RULES);
  assert.deepEqual(readRules(script.replaceAll('\n', '\r\n')), RULES);
  assert.deepEqual(readRules(rulesScript(NO_RULES)), NO_RULES);
});

test('a script changed by hand, or of somebody else, is not taken for rules', () => {
  const script = rulesScript(RULES);
  for (const other of [`${script}keep;\n`, script.replace('Money/Bills";\n    stop', 'Other";\n    stop'), script.replace('#: rule {', '#: rule ['), 'keep;']) assert.equal(readRules(other), undefined);
});

test('no value breaks out of its string', () => {
  for (const value of ['"; discard; #', '\\"; discard; #', 'a\\', '${x}']) {
    const script = rulesScript(rulesSchema.parse({ vacation: { text: `${value}\n.\n#: rule {}` }, rules: [{ name: value, conditions: [{ field: 'subject', value }], actions: [{ kind: 'file', folder: value }] }] }));
    const checked = compile(Buffer.from(script));
    assert.ok(checked.ok, script);
    assert.equal(readRules(script)?.rules.length, 1);
    assert.equal(script.match(/^discard/m), null);
  }
  assert.equal(rulesSchema.safeParse({ rules: [{ name: 'a\nkeep;', actions: [{ kind: 'keep' }] }] }).success, false);
});
