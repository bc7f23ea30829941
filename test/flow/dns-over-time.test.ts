/** Publishing at a real BIND while things change: a default of the policy, and a domain that is hosted here no longer. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { missingServer } from '../harness/bind.ts';
import { publishingAtBind, type BindScene } from './bind-kit.ts';

const skip = missingServer();

interface PlanJson {
  readonly id: string;
  readonly removed: readonly string[];
  readonly items: readonly { readonly name: string; readonly type: string; readonly action: string; readonly reason: string; readonly after?: { readonly values: readonly string[] } }[];
}

/** old.example and wild.example are published. */
async function scene(t: TestContext): Promise<BindScene> {
  const made = await publishingAtBind(t, { 'old.example': '', 'wild.example': '* IN TXT "for everything"\n@ IN TXT "not ours"' });
  const applied = await made.home.posthorn(['dns', 'apply', '--all', '--yes', '--no-wait']);
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  return made;
}

test('a changed default: old domains stay as they are, --all shows and does it, undo takes it back for good', { skip }, async (t) => {
  const { home, published } = await scene(t);
  const dmarc = async (args: readonly string[]) => (await home.json<PlanJson>(['dns', 'plan', ...args])).items.find(({ name }) => name === '_dmarc.old.example');
  const stood = await published('_dmarc.old.example', 'TXT');
  writeFileSync(home.config, `${readFileSync(home.config, 'utf8')}[dns.policy]\ndmarc = "quarantine"\n`);
  assert.equal((await dmarc(['old.example']))?.action, 'good');
  assert.match((await home.posthorn(['dns', 'plan', 'old.example'])).stdout, /^old\.example: the default of \S+ changed from "none" to "quarantine"; it stays as it was, until you say --new-defaults$/m);
  assert.match((await dmarc(['--all']))?.reason ?? '', /p=none to p=quarantine/);
  const applied = await home.posthorn(['dns', 'apply', '--all', '--yes', '--no-wait']);
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  assert.match((await published('_dmarc.old.example', 'TXT'))[0] ?? '', /p=quarantine/);
  assert.equal((await dmarc(['old.example']))?.action, 'good');
  assert.equal((await home.posthorn(['dns', 'undo', '--no-wait'])).status, 0);
  assert.deepEqual(await published('_dmarc.old.example', 'TXT'), stood);
  assert.equal((await dmarc(['old.example']))?.action, 'good', 'what was undone is not wanted again');
  assert.equal((await dmarc(['--all']))?.action, 'change');
});

test('what was published for a domain that is removed is told at once, shown by its plan and by --all, and goes with apply', { skip }, async (t) => {
  const { home, published } = await scene(t);
  assert.deepEqual(await published('wild.example', 'MX'), ['10 mail.host.example.']);
  const removed = await home.posthorn(['domain', 'remove', 'wild.example']);
  assert.match(removed.stdout, /^wild\.example removed; \d+ record sets that Posthorn published for it still stand in DNS: posthorn dns plan wild\.example shows what can go$/m);
  const named = await home.json<PlanJson>(['dns', 'plan', 'wild.example']);
  const its = named.items.filter(({ name }) => name.endsWith('wild.example'));
  assert.ok(its.length > 3);
  assert.ok(its.every(({ action, name, type, after }) => action === 'remove' && (after === undefined || `${name} ${type}` === 'wild.example TXT')), JSON.stringify(its));
  assert.deepEqual(its, (await home.json<PlanJson>(['dns', 'plan', '--all'])).items.filter(({ name }) => name.endsWith('wild.example')));
  assert.match((await home.posthorn(['dns', 'plan', 'wild.example'])).stdout, /^wild\.example\n {2}This server does not host it any more: what Posthorn published for it goes, what others published stays/m);
  assert.equal((await home.posthorn(['dns', 'apply', 'wild.example', '--yes', '--no-wait'])).status, 0);
  assert.deepEqual([await published('wild.example', 'MX'), await published('wild.example', 'TXT'), await published('*.wild.example', 'TXT')], [[], ['"not ours"'], ['"for everything"']]);
  const again = await home.posthorn(['dns', 'plan', 'wild.example']);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /wild\.example is not a domain of this server/);
});
