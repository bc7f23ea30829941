/** Shaping as an administrator sees it: a provider that wants less gets less, says why, and gets everything in the end. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { IpDetails, IpList } from '../../src/manage/addresses/ip.ts';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { LabUser } from '../harness/lab-user.ts';

/** Scenarios whose replies are about a message or a recipient. */
const ABOUT_OTHERS = ['spam-content', 'greylist', 'over-quota', 'recipient-rate'];

let lab: LabProcess;
let alice: LabUser;
before(async () => {
  lab = await startLab();
  alice = new LabUser(lab);
});
// A test that fails must not take the others with it.
afterEach(() => alice.weather(['rate-limit', 'low-reputation', ...ABOUT_OTHERS], 'off'));
after(async () => {
  alice?.close();
  await lab?.stop();
});

async function laneAt(site: string) {
  const { ips } = await lab.json<IpList>(['ip', 'list', '--json']);
  return ips[0]?.lanes.find(({ key }) => key.site === site && key.dkimDomain === '');
}

async function inbox(provider: string): Promise<readonly string[]> {
  const { messages } = await lab.json<{ messages: readonly { rcptTo: readonly string[] }[] }>(['lab', 'inbox', provider, '--json']);
  return messages.flatMap(({ rcptTo }) => rcptTo).sort();
}

test('a provider that takes five a minute: the address rests, comes back, and nobody is lost or told twice', { timeout: 120_000 }, async () => {
  await alice.weather(['rate-limit'], 'on');
  const to = Array.from({ length: 9 }, (_, index) => `friend${index}@gmail.com`);
  for (const address of to) await alice.submit({ subject: 'news', to: address });
  const hot = await eventually('the lane is hot', async () => {
    const lane = await laneAt('google');
    return lane?.state === 'hot' ? lane : undefined;
  });
  assert.match(hot.why, /4\.7\.28/);
  assert.equal(hot.rule, 'google.rate-ip');
  assert.match(hot.next, /^Rests until .* UTC, then sends at most 10 a minute and climbs\.$/);
  // Those that were under way have been answered; whoever comes now is not even tried.
  to.push('late@gmail.com');
  const late = await alice.submit({ subject: 'news', to: 'late@gmail.com' });
  const waiting = await eventually('somebody waits for it', async () => {
    const why = await alice.why(late);
    return why.phase === 'shaped' ? why : undefined;
  });
  assert.equal(waiting.waitRule, 'lane-hot');
  assert.match(waiting.reason, / rests until .* UTC.*4\.7\.28/);
  await eventually('all have arrived', async () => {
    if ((await inbox('gmail')).length >= to.length) return true;
    // Whoever is being delivered would have to wait so long for the next reply.
    if ((await alice.call<{ inFlight: number }>('queue.stats')).inFlight === 0) await alice.passTime(11 * 60_000);
    return undefined;
  }, 60_000);
  assert.deepEqual(await inbox('gmail'), [...to].sort());
  const { changes } = await lab.json<IpDetails>(['ip', 'show', hot.key.source, '--json']);
  assert.ok(changes.some(({ from, to: state }) => from === 'steady' && state === 'hot') && changes.some(({ from }) => from === 'hot'), JSON.stringify(changes));
  await alice.weather(['rate-limit'], 'off');
});

test('one provider\'s complaint leaves the others alone', async () => {
  await alice.weather(['low-reputation'], 'on');
  const slow = await alice.submit({ subject: 'slow', to: 'a@outlook.com' });
  await alice.attempted(slow);
  await eventually('its lane is hot', async () => (await laneAt('outlook'))?.state === 'hot');
  const id = await alice.submit({ subject: 'quick', to: 'a@example.net' });
  await alice.delivered(id);
  await alice.weather(['low-reputation'], 'off');
  await alice.call('queue.retry', { ids: [slow] });
  await alice.delivered(slow);
});

test('what is said of a message or a recipient does not slow the address down, however often', { timeout: 120_000 }, async () => {
  for (const scenario of ABOUT_OTHERS) {
    await alice.weather([scenario], 'on');
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1) ids.push(await alice.submit({ subject: scenario, to: `${scenario}-${index % 3}@gmail.com` }));
    for (const id of ids) assert.notEqual((await alice.attempted(id)).state, 'delivered');
    const { ips } = await lab.json<IpList>(['ip', 'list']);
    assert.deepEqual(ips.flatMap(({ lanes }) => lanes.filter(({ key, state }) => key.site === 'google' && state !== 'steady')), [], scenario);
    await alice.weather([scenario], 'off');
    await alice.call('queue.delete', { ids });
  }
});

test('a paused address sends nothing until it is resumed; the reason is told', async () => {
  const address = (await lab.json<IpList>(['ip', 'list', '--json'])).ips[0]?.address as string;
  const paused = await lab.run(['ip', 'pause', address, '--for', '3h', '--reason', 'moving house']);
  assert.equal(paused.status, 0, paused.stderr);
  const id = await alice.submit({ subject: 'later', to: 'b@example.net' });
  await eventually('it waits', async () => ((await lab.run(['queue', 'why', id])).stdout.includes(`Sending from ${address} is paused by the administrator (moving house) until`) ? true : undefined));
  assert.match((await lab.run(['ip', 'list'])).stdout, /paused, ends in \dh \(moving house\)/);
  assert.equal((await lab.run(['ip', 'resume', address])).status, 0);
  await alice.delivered(id);
  const again = await lab.run(['ip', 'resume', address]);
  assert.equal(again.status, 1);
  assert.match(again.stderr, /is not paused/);
});

test('an address that is none of ours is named, with those that are', async () => {
  const { status, stderr } = await lab.run(['ip', 'show', '192.0.2.99']);
  assert.equal(status, 1);
  assert.match(stderr, /192\.0\.2\.99 is no address that mail leaves from; there are: 127\./);
});
