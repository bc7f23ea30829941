/**
 * Blocks, dead addresses and full mailboxes against the whole server in the lab: only a dead address is suppressed, a
 * block is kept and told to the postmaster, and the second letter to a dead address fails at once with an explanation.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { SuppressionPage } from '../../src/manage/suppression.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

let lab: LabProcess;
let alice: LabUser;
before(async () => {
  lab = await startLab({ settings: '[queue]\nnotify = "alice@example.org"\n' });
  alice = new LabUser(lab);
});
after(async () => {
  alice?.close();
  await lab?.stop();
});

const listed = async (): Promise<readonly string[]> => (await lab.json<SuppressionPage>(['suppression', 'list'])).suppressions.map(({ address }) => address);

test('a block keeps the message, suppresses nobody and is told once', async () => {
  await alice.weather(['listed-ip'], 'on');
  const first = await alice.submit({ to: 'blocked@example.net', subject: 'first' });
  assert.equal((await alice.attempted(first)).state, 'queued');
  const why = await alice.why(first);
  assert.match(JSON.stringify(why), /not this recipient.*spamhaus/);
  const notice = await eventually('a notice', async () => (await alice.mailbox(10)).find((content) => content.includes(`posthorn trace ${first}`)));
  assert.match(notice, /Subject: Mail to .* is refused/);
  assert.match(notice, /No recipient is to blame/);
  assert.deepEqual(await listed(), []);
  await alice.weather(['listed-ip'], 'off');
  await alice.call('queue.retry', { ids: [first] });
  await alice.delivered(first);
});

test('a full mailbox and a limit of rate suppress nobody', async () => {
  for (const [scenario, to] of [['over-quota', 'full@gmail.com'], ['rate-limit-dkim', 'rate@gmail.com']] as const) {
    await alice.weather([scenario], 'on');
    const id = await alice.submit({ to, subject: scenario });
    await alice.attempted(id);
    await alice.weather([scenario], 'off');
  }
  assert.deepEqual(await listed(), []);
});

test('a dead address is suppressed, and the second letter fails at once and says why', async () => {
  await alice.weather(['unknown-user'], 'on');
  const first = await alice.submit({ to: 'Former@Gmail.com', subject: 'first' });
  assert.equal((await alice.attempted(first)).state, 'bounced');
  await alice.weather(['unknown-user'], 'off');
  await eventually('the address on the list', async () => (await listed()).includes('former@gmail.com'));
  const second = await alice.submit({ to: 'former@gmail.com', subject: 'second' });
  const { state, event } = await alice.attempted(second);
  assert.equal(state, 'bounced');
  assert.equal(event.explanation?.rule, 'own.suppressed');
  assert.match(await alice.report(second), /suppressed since .*NoSuchUser.*posthorn suppression remove former@gmail\.com lifts it/);
  const removed = await lab.run(['suppression', 'remove', 'FORMER@gmail.com']);
  assert.equal(removed.status, 0, removed.stderr);
  await alice.delivered(await alice.submit({ to: 'former@gmail.com', subject: 'third' }));
});

test('a list goes out as CSV and comes in again', async () => {
  const file = join(lab.ready.dir, 'list.csv');
  writeFileSync(file, `email,reason,date\r\nA@One.example,"left, long ago",2025-01-02\r\nb@two.example,,\r\nno address,,\r\n${'x'.repeat(5000)},,\r\n`);
  const done = await lab.json<{ read: number; added: number; refusedCount: number }>(['suppression', 'import', file]);
  assert.deepEqual([done.read, done.added, done.refusedCount], [4, 2, 2]);
  const added = await lab.run(['suppression', 'add', 'c@three.example', '--reason', 'asked by telephone', '--for', '30d']);
  assert.equal(added.status, 0, added.stderr);
  const { stdout } = await lab.run(['suppression', 'export']);
  const exported = join(lab.ready.dir, 'exported.csv');
  writeFileSync(exported, stdout);
  const again = await lab.run(['suppression', 'import', exported]);
  assert.match(again.stdout, /^0 of (\d+) addresses put on the list; \1 there already\n$/);
  assert.match(stdout, /^address,source,reason,reply,since,expires,stream\r\na@one\.example,import,"left, long ago",,2025-01-02T00:00:00\.000Z,,\r\n/);
  assert.match(stdout, /c@three\.example,manual,asked by telephone,,20\d\d-/);
  writeFileSync(file, 'address,source,stream,reason\r\nd@four.example,complaint,bulk,called it spam\r\n');
  assert.equal((await lab.run(['suppression', 'import', file])).status, 0);
  await lab.run(['suppression', 'export', exported]);
  await lab.run(['suppression', 'remove', 'd@four.example']);
  await lab.run(['suppression', 'import', exported]);
  const kept = await lab.json<{ suppressions: readonly { address: string; stream?: string }[] }>(['suppression', 'list', '--domain', 'four.example']);
  assert.deepEqual(kept.suppressions.map(({ address, stream }) => [address, stream]), [['d@four.example', 'bulk']], 'who called a newsletter spam still gets invoices');
  assert.equal((await lab.run(['suppression', 'remove', 'x@nowhere.example'])).status, 1);
  assert.equal((await lab.run(['suppression', 'add', 'c@three.example', '--for', 'ever'])).status, 2);
});
