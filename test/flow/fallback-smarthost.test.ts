/** A smarthost for a site where our own addresses rest: also the message that earned the rest goes by it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';
import { startPeer, type Peer } from '../harness/scripted-peer.ts';

let relay: Peer;
let lab: LabProcess;
let alice: LabUser;
before(async () => {
  relay = await startPeer();
  lab = await startLab({ settings: `[[outbound.fallback]]\nsites = ["outlook"]\nhost = "${relay.address}"\nport = ${relay.port}\ntls = "none"\n` });
  alice = new LabUser(lab);
});
after(async () => {
  alice?.close();
  await lab?.stop();
  await relay?.close();
});

test('a message that met a block goes by the fallback smarthost with its next try, not after the block', async () => {
  await alice.weather(['listed-ip'], 'on');
  const first = await alice.submit({ subject: 'first', to: 'friend@outlook.com' });
  const why = await eventually('it is refused', async () => {
    const row = await alice.why(first);
    return row.attempts === 1 ? row : undefined;
  });
  assert.equal(why.explanation?.culprit, 'source-ip');
  assert.equal(why.wayRound, `${relay.address}:${relay.port}`);
  const told = await lab.run(['queue', 'why', first]);
  assert.match(told.stdout.replaceAll(/\s+/g, ' '), /is blocked: .* until then mail to there goes by 127\.0\.0\.1:\d+ \(\[\[outbound\.fallback\]\]\), this message with its next try/);
  const notice = await eventually('the administrator is told', async () => (await alice.mailbox(5)).find((each) => each.includes('is refused')));
  assert.match(notice, /mail to there goes by 127\.0\.0\.1:\d+ \(\[\[outbound\.fallback\]\]\)\./);
  assert.doesNotMatch(notice, /after an hour/);
  await alice.submit({ subject: 'second', to: 'other@outlook.com' });
  await eventually('who comes later is not kept waiting', async () => relay.messages.length === 1);
  await alice.passTime((why.nextAttemptAt ?? 0) - why.now);
  await eventually('it has gone by the smarthost', async () => relay.messages.length === 2);
  assert.ok((why.nextAttemptAt ?? 0) - why.now <= 5 * 60_000);
  assert.deepEqual(relay.messages.flatMap(({ rcpts }) => rcpts.map((rcpt) => rcpt.split('>')[0])), ['RCPT TO:<other@outlook.com', 'RCPT TO:<friend@outlook.com']);
});
