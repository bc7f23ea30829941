/**
 * Alice's password is stolen: it sends to five hundred strangers. What is beyond the brake is held, her postmaster is
 * told, and a person decides.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import type { QueueExplanation } from '../../src/manage/queue/queue.ts';

const RECIPIENTS_EACH = 50;
const HOUR_MS = 3_600_000;

let lab: LabProcess;
let alice: LabUser;

before(async () => {
  lab = await startLab();
  alice = new LabUser(lab);
  // What an account sends is counted by clock hour: none may end in the middle of a test.
  const { now } = await alice.call<{ now: string }>('lab.clock');
  await alice.passTime(HOUR_MS - (Date.parse(now) % HOUR_MS));
});
after(async () => {
  alice.close();
  await lab.stop();
});

interface Mail {
  readonly messages: readonly { readonly subject: string; readonly uid: number }[];
}

async function spam(from: number): Promise<string> {
  return alice.submitToMany(Array.from({ length: RECIPIENTS_EACH }, (_, at) => `victim${from + at}@example.net`), 'You have won');
}

test('mail beyond what the account ever sent is held and reported, and goes out when it is released', async () => {
  const ids: string[] = [];
  for (let sent = 0; sent < 500; sent += RECIPIENTS_EACH) ids.push(await spam(sent));
  const { brakes } = await lab.json<{ brakes: readonly { account: string; state: string; rule: string; held: { recipients: number } }[] }>(['brake', 'list']);
  assert.deepEqual(brakes.map(({ account, state, rule }) => [account, state, rule]), [['alice@example.org', 'braked', 'many-strangers']]);
  // The brake allows 200 strangers an hour: the fifth message and all after it.
  for (const id of ids.slice(4)) {
    const rows = await alice.call<readonly QueueExplanation[]>('queue.why', { ids: [id] });
    assert.equal(rows.length, RECIPIENTS_EACH);
    for (const row of rows) {
      assert.deepEqual([row.state, row.heldBy, row.actor], ['held', 'brake', 'administrator']);
      assert.match(row.reason, /^Held since .* by the account brake: .*\d+ recipients in one hour to whom alice@example\.org never wrote before/);
    }
  }
  const report = await eventually('the postmaster has the report', async () => {
    const { messages } = await lab.json<Mail>(['mail', 'list', '--account', 'alice@example.org']);
    return messages.find(({ subject }) => subject.includes('Sending by alice@example.org is stopped'));
  });
  assert.ok(report);

  const refused = await lab.run(['brake', 'release', 'bob@example.org']);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /bob@example.org is not braked/);
  const released = await lab.json<{ recipients: number }>(['brake', 'release', 'alice@example.org']);
  assert.ok(released.recipients >= 300, `${released.recipients} were held`);
  await alice.delivered(ids.at(-1) as string);
  // For a day the account may go on.
  const next = await spam(1000);
  await alice.delivered(next);
});

test('a quota of its own refuses for a while, and says until when', async () => {
  const status = await lab.json<{ recipientsPerHour: number; own: readonly string[]; used: { recipientsThisHour: number } }>(['quota', 'set', 'alice@example.org', '--recipients-per-hour', '1']);
  assert.deepEqual([status.recipientsPerHour, status.own], [1, ['recipientsPerHour']]);
  await assert.rejects(alice.submit({ to: 'friend@example.net', subject: 'One more' }), /450 4\.7\.1 The limit of 1 recipients an hour for alice@example\.org is reached; it ends at \d{4}-\d\d-\d\d \d\d:00 UTC/);
  await lab.json(['quota', 'set', 'alice@example.org', '--recipients-per-hour', 'default']);
  await alice.submit({ to: 'friend@example.net', subject: 'Now it goes' });
});
