/** An administrator at a running queue: pauses, true answers, another way, figures. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { QueueExplanation, QueueListing, QueueStats } from '../../src/manage/queue/queue.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { startRecordingSink, type RecordingSink } from '../harness/recording-sink.ts';

let lab: LabProcess;
let relay: RecordingSink;

before(async () => {
  [lab, relay] = await Promise.all([startLab(), startRecordingSink()]);
});
after(async () => {
  await lab.stop();
  relay.close();
});

async function send(sender: string, ...recipients: readonly string[]): Promise<void> {
  const { status, stderr } = await lab.run(['sendmail', '-i', '-f', sender, ...recipients], 'Subject: hello\n\nHello.\n');
  assert.equal(status, 0, stderr);
}

async function whyOf(recipient: string): Promise<QueueExplanation> {
  const rows = await lab.json<readonly QueueExplanation[]>(['queue', 'why', '--recipient', recipient]);
  assert.equal(rows.length, 1, recipient);
  return rows[0] as QueueExplanation;
}

test('a paused site, a paused sender: why says so, lists select it, stats count it', async () => {
  await lab.json(['queue', 'pause', '--site', 'google', '--for', '2h', '--reason', 'rehearsal']);
  await lab.json(['queue', 'pause', '--sender', 'news@example.org']);
  await send('alice@example.org', 'someone@gmail.com', 'other@gmail.com', 'friend@example.net');
  await send('news@example.org', 'reader@example.net');
  const paused = await eventually('mail for the paused site stands in line', async () => {
    const row = await whyOf('someone@gmail.com');
    return row.phase === 'shaped' && row;
  });
  assert.deepEqual([paused.state, paused.site, paused.waitRule, paused.actor, paused.attempts], ['queued', 'google', 'site-paused', 'administrator', 0]);
  assert.match(paused.reason, /google.*paused.*rehearsal/);
  assert.ok((paused.waitUntil ?? 0) > paused.now);
  await eventually('mail of the paused sender waits', async () => (await whyOf('reader@example.net')).waitRule === 'sender-paused');
  await eventually('the other one stands in line, too', async () => (await whyOf('other@gmail.com')).phase === 'shaped');
  const { entries } = await lab.json<QueueListing>(['queue', 'list', '--site', 'google']);
  assert.deepEqual(entries.flatMap(({ recipients }) => recipients.map(({ address, site }) => [address, site])), [['someone@gmail.com', 'google'], ['other@gmail.com', 'google']]);
  const stats = await eventually('what is not paused has gone', async () => {
    const answer = await lab.json<QueueStats>(['queue', 'stats']);
    return answer.total.total === 3 && answer;
  });
  assert.deepEqual(stats.rows.map(({ name, total }) => [name, total]), [['google', 2], ['mx.example.net', 1]]);
  assert.match((await lab.run(['queue', 'stats'])).stdout, /^site +T +held +5 +10 +20 +40 +80 +160 +320 +640 +1280 +1280\+/);
  const pauses = await lab.json<readonly { kind: string; name: string }[]>(['queue', 'pauses']);
  assert.deepEqual(pauses.map(({ kind, name }) => `${kind} ${name}`).sort(), ['sender news@example.org', 'site google']);
});

test('a rehearsal changes nothing, a reroute sends it another way', async () => {
  const nobody = await lab.run(['queue', 'bounce', '--domain', 'nonsense']);
  assert.deepEqual([nobody.status, nobody.stdout], [1, 'Nothing matches that could be bounced: nothing was changed.\n']);
  const rehearsal = await lab.json<{ recipients: number; dryRun: boolean }>(['queue', 'delete', '--domain', 'gmail.com', '--dry-run']);
  assert.deepEqual([rehearsal.recipients, rehearsal.dryRun], [2, true]);
  const changed = await lab.json<{ messages: number; recipients: number }>(['queue', 'reroute', '--site', 'google', '--to', `relay:127.0.0.1:${relay.port}`]);
  assert.deepEqual([changed.messages, changed.recipients], [1, 2]);
  await relay.has(['hello'], 20_000);
  await lab.json(['queue', 'resume', '--sender', 'news@example.org']);
  await eventually('the queue is empty', async () => (await lab.json<QueueStats>(['queue', 'stats'])).total.total === 0);
});

test('metrics tell what happened', async () => {
  const { status, stdout } = await lab.run(['metrics']);
  assert.equal(status, 0);
  assert.match(stdout, /^# TYPE posthorn_deliveries_total counter$/m);
  assert.match(stdout, /^posthorn_deliveries_total\{site="mx\.example\.net",outcome="delivered"\} 2$/m);
  assert.match(stdout, new RegExp(`^posthorn_deliveries_total\\{site="relay:[^"]*${relay.port}",outcome="delivered"\\} 2$`, 'm'));
  assert.match(stdout, /^posthorn_messages_accepted_total 2$/m);
  assert.match(stdout, /^posthorn_pauses 1$/m);
  for (const line of stdout.trimEnd().split('\n')) assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? -?[\d.e+-]+)$/);
  const { families } = await lab.json<{ families: readonly { name: string }[] }>(['metrics']);
  assert.ok(families.length > 10);
});

test('wrong use is said, and changes nothing', async () => {
  for (const args of [['queue', 'pause'], ['queue', 'pause', '--site', 'a', '--ip', 'b'], ['queue', 'hold'], ['queue', 'reroute', '--all'], ['queue', 'reroute', '--all', '--to', 'relay:a:0'], ['queue', 'list', '--older', 'long'], ['queue', 'stats', '--by', 'colour'], ['quota', 'set', 'alice@example.org']]) {
    assert.equal((await lab.run(args)).status, 2, args.join(' '));
  }
  for (const args of [['queue', 'resume', '--site', 'nowhere'], ['queue', 'pause', '--ip', '192.0.2.250'], ['brake', 'release', 'alice@example.org'], ['quota', 'show', 'nobody@example.org']]) {
    assert.equal((await lab.run(args)).status, 1, args.join(' '));
  }
});

test('a pause of a site that nobody has met, of nothing, and of what is not paused, is answered in words that help', async () => {
  await send('alice@example.org', 'friend@example.net');
  await eventually('it has gone', async () => (await lab.json<QueueStats>(['queue', 'stats'])).total.total === 0);
  const misspelt = await lab.run(['queue', 'pause', '--site', 'gogle', '--for', '1h']);
  assert.match(misspelt.stdout, /^the site gogle is paused until \d{4}-\d\d-\d\d \d\d:\d\d UTC; its mail waits in the queue\nno mail has gone to a site of that name lately/);
  assert.equal((await lab.run(['queue', 'resume', '--site', 'gogle'])).status, 0);
  const again = await lab.run(['queue', 'resume', '--site', 'gogle']);
  assert.deepEqual([again.status, again.stdout], [1, '']);
  assert.match(again.stderr, /not paused; posthorn queue pauses shows what is/);
  const empty = await lab.run(['queue', 'pause', '--site', '']);
  assert.deepEqual([empty.status, empty.stderr], [2, 'posthorn: say which: --site, --ip and --sender want a name\n']);
});
