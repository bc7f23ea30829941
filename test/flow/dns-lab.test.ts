/** Publishing rehearsed in the lab: its name server takes signed updates, and what is broken is put right and taken back. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly name: string; readonly type: string; readonly action: string; readonly provider?: string; readonly after?: { readonly values: readonly string[] } }[];
  readonly failed: readonly { readonly domain: string }[];
}

before(async () => {
  lab = await startLab({ settings: '[[dns.provider]]\ntype = "rfc2136"\nlabel = "down"\nserver = "127.0.0.1:1"\nkey-name = "k"\nsecret-file = "internet/../dns-key"\nzones = ["down.example"]\n' });
});

after(() => lab.stop());

test('the lab publishes what it should, so that there is nothing to do', async () => {
  const plan = await lab.json<PlanJson>(['dns', 'plan', '--all']);
  assert.deepEqual(plan.items.filter(({ action }) => action !== 'good'), []);
  assert.ok(plan.items.every(({ provider }) => provider === 'lab'));
});

test('a broken record is put right by an update, beside what is foreign, and undone', async () => {
  await lab.run(['lab', 'record', 'example.org', 'TXT', 'v=spf1 ip4:192.0.2.1 ~all', 'foreign "text"']);
  assert.equal((await lab.run(['dns', 'check', 'example.org'])).status, 1);
  const dry = await lab.run(['dns', 'apply', 'example.org']);
  assert.equal(dry.status, 1);
  const id = /--plan ([0-9a-f]{10})/.exec(dry.stdout)?.[1] ?? '';
  const applied = await lab.run(['dns', 'apply', '--plan', id]);
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  assert.match(applied.stdout, /name servers? of the zones answers? it/);
  const records = await lab.run(['lab', 'record']);
  assert.match(records.stdout, /foreign/);
  assert.match(records.stdout, /v=spf1 ip4:127\.[0-9.]+ ip4:192\.0\.2\.1 ~all/);
  assert.equal((await lab.run(['dns', 'check', 'example.org'])).status, 0);
  assert.equal((await lab.run(['dns', 'undo'])).status, 0);
  assert.equal((await lab.run(['dns', 'check', 'example.org'])).status, 1);
});

test('a domain whose provider does not answer does not keep the others from being planned', async () => {
  assert.equal((await lab.run(['domain', 'add', 'down.example'])).status, 0);
  const plan = await lab.json<PlanJson>(['dns', 'plan', '--all']);
  assert.ok(plan.items.filter(({ name }) => name.endsWith('down.example')).every(({ action }) => action === 'unknown'));
  assert.ok(plan.items.some(({ name, action }) => name === 'example.org' && action === 'good'));
});

test('what is in the way is told, and leaves apply and plan with status 1', async () => {
  await lab.run(['lab', 'record', 'example.org', 'MX', '10 other.test.']);
  await lab.run(['dns', 'policy', 'example.org', '--use', 'mail']);
  assert.equal((await lab.run(['dns', 'plan', 'example.org'])).status, 1);
  const applied = await lab.run(['dns', 'apply', 'example.org', '--yes']);
  assert.equal(applied.status, 1, applied.stdout);
  assert.match(applied.stdout, /^untouched example\.org MX: something else stands there/m);
  assert.match(applied.stdout, /^Still to do: 1 record set with something in the way\.$/m);
  assert.equal((await lab.run(['dns', 'apply', 'example.org', '--yes', '--take-over'])).status, 0);
  assert.equal((await lab.run(['dns', 'plan', 'example.org'])).status, 0);
});

test('what is no domain, no plan or no application is refused in a sentence', async () => {
  for (const [args, status, text] of [
    [['dns', 'plan', 'nowhere.example'], 1, /not a domain of this server/],
    [['dns', 'plan'], 2, /--all/],
    [['dns', 'apply', '--plan', '0000000000'], 1, /there is no plan/],
    [['dns', 'undo', '00000000'], 1, /nothing was applied under/],
    [['dns', 'plan', '--all', '--json', '--format', 'nsupdate'], 2, /either --json or --format nsupdate/],
    [['dns', 'apply', '--plan', 'nonsense'], 2, /posthorn dns plan shows/],
  ] as const) {
    const outcome = await lab.run(args);
    assert.equal(outcome.status, status, `${args.join(' ')}: ${outcome.stdout}${outcome.stderr}`);
    assert.match(outcome.stderr, text);
  }
});
