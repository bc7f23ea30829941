import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attempt, finish, HOUR, MINUTE, permitFor, request, SECOND, shapeKit, siteFor, TAKEN, type Answer } from '../../../test/harness/shape-kit.ts';

const UNKNOWN = siteFor('mx.small.test');
const GOOGLE = siteFor('gmail-smtp-in.l.google.com');
const OUTLOOK = siteFor('outlook-com.olc.protection.outlook.com');
const YAHOO = siteFor('mta5.am0.yahoodns.net');
const REFUSED: Answer = { code: 451, enhanced: '4.4.1', text: 'connect to mx.test[198.51.100.7]:25: Connection refused', silent: true };
const RATE_IP: Answer = { code: 421, enhanced: '4.7.28', text: 'Our system has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. gsmtp', mx: 'gmail-smtp-in.l.google.com', scope: 'session' };
const BLOCKED: Answer = { code: 550, enhanced: '5.7.1', text: 'Unfortunately, messages from [192.0.2.1] weren\'t sent. Please contact your Internet service provider since part of their network is on our block list (S3150).', mx: 'outlook-com.olc.protection.outlook.com' };
const BUSY: Answer = { code: 451, enhanced: '4.3.2', text: 'Please try again later' };

function admitted(kit: ReturnType<typeof shapeKit>, asked = request(UNKNOWN)): number {
  let count = 0;
  while (count < 1000 && kit.shaper.admit(asked).kind === 'go') count += 1;
  return count;
}

test('an unknown site starts with few places and gets more with every cohort of successes', () => {
  const kit = shapeKit();
  const urgent = request(UNKNOWN, { stream: 'urgent' });
  assert.equal(admitted(shapeKit(), urgent), 2);
  for (let sent = 0; sent < 5; sent += 1) assert.equal(attempt(kit, urgent, { ...TAKEN, reused: true }), 'sent');
  assert.equal(admitted(kit, urgent), 4);
});

test('a place given back is told, and goes to the next', () => {
  const kit = shapeKit();
  const [one] = [permitFor(kit, request(UNKNOWN)), permitFor(kit, request(UNKNOWN))];
  const wait = kit.shaper.admit(request(UNKNOWN));
  assert.equal(wait.kind === 'wait' && wait.rule, 'site-connections');
  assert.equal(wait.kind === 'wait' && wait.until, undefined);
  finish(kit, one as never, TAKEN);
  assert.deepEqual(kit.told, ['mx.small.test']);
  assert.equal(kit.shaper.preview(request(UNKNOWN)).kind, 'go');
  assert.equal(kit.shaper.admit(request(UNKNOWN)).kind, 'go');
});

test('a permit that comes back twice counts once', () => {
  const kit = shapeKit();
  const permit = permitFor(kit, request(UNKNOWN));
  finish(kit, permit, TAKEN);
  finish(kit, permit, TAKEN);
  assert.equal(kit.shaper.control.sites()[0]?.inFlight, 0);
});

test('bulk leaves places to others, the last place of a large site is for urgent mail', () => {
  const kit = shapeKit();
  assert.equal(admitted(kit, request(GOOGLE, { stream: 'bulk' })), 4);
  assert.equal(admitted(kit, request(GOOGLE)), 0);
  assert.equal(admitted(kit, request(GOOGLE, { stream: 'urgent' })), 1);
});

test('a smarthost has one limit only', () => {
  assert.equal(admitted(shapeKit(), request({ key: 'relay:smtp.test:587', title: 'smtp.test' }, { stream: 'urgent' })), 20);
});

test('with shaping off, connections are bounded and nothing is learnt', () => {
  const kit = shapeKit({ config: { shaping: { enabled: false, warmUp: true, lowVolume: 200 } } });
  assert.equal(attempt(kit, request(GOOGLE), RATE_IP), 'sent');
  assert.equal(admitted(kit, request(GOOGLE, { stream: 'urgent' })), 20);
});

test('a site that cannot be reached rests after one cohort, is probed by one, and opens with the first word', () => {
  const kit = shapeKit();
  assert.equal(attempt(kit, request(UNKNOWN), REFUSED), 'sent');
  assert.equal(attempt(kit, request(UNKNOWN), REFUSED), 'sent');
  const wait = kit.shaper.admit(request(UNKNOWN));
  assert.ok(wait.kind === 'wait' && wait.rule === 'site-unreachable');
  assert.match(wait.reason, /Connection refused.*at 2026-11-20 08:01 UTC one message tries/);
  kit.clock.advance(MINUTE);
  const probe = permitFor(kit, request(UNKNOWN));
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'site-unreachable');
  finish(kit, probe, REFUSED);
  kit.clock.advance(MINUTE);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'site-unreachable');
  kit.clock.advance(MINUTE);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
  assert.equal(kit.shaper.control.sites()[0]?.unreachable, undefined);
});

test('rests of a dead site grow, but not beyond half an hour', () => {
  const kit = shapeKit();
  for (let hours = 0; hours < 12; hours += 1) {
    attempt(kit, request(UNKNOWN), REFUSED);
    attempt(kit, request(UNKNOWN), REFUSED);
    kit.clock.advance(30 * MINUTE);
    assert.equal(kit.shaper.preview(request(UNKNOWN)).kind, 'go');
  }
});

test('when nothing at all can be reached the trouble is ours: rests stay short', () => {
  const kit = shapeKit();
  const sites = Array.from({ length: 6 }, (_, index) => siteFor(`mx${index}.test`));
  for (let round = 0; round < 8; round += 1) {
    for (const site of sites) attempt(kit, request(site), REFUSED);
    kit.clock.advance(5 * MINUTE);
  }
  for (const site of sites) attempt(kit, request(site), REFUSED);
  kit.clock.advance(MINUTE);
  for (const site of sites) assert.equal(kit.shaper.preview(request(site)).kind, 'go');
});

test('local trouble never counts against a site', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  const local: Answer = { code: 451, enhanced: '4.3.0', text: 'local problem while connecting: bind failed', local: true };
  for (let times = 0; times < 50; times += 1) assert.equal(attempt(kit, request(GOOGLE), local), 'sent');
  assert.deepEqual(kit.shaper.control.lanes().map(({ state }) => state), ['steady']);
});

test('Gmail 4.7.28 for our address: ten minutes of rest, one connection, then climbing; other sites do not notice', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(kit, request(GOOGLE), RATE_IP);
  const wait = kit.shaper.admit(request(GOOGLE, { dkimDomain: 'other.test' }));
  assert.ok(wait.kind === 'wait' && wait.rule === 'lane-hot', JSON.stringify(wait));
  assert.match(wait.reason, /Mail from 192\.0\.2\.1 to Gmail.* rests until 2026-11-20 08:10 UTC.*unusual rate/s);
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'sent');
  kit.clock.advance(10 * MINUTE);
  const one = permitFor(kit, request(GOOGLE));
  assert.equal(attempt(kit, request(GOOGLE), TAKEN), 'lane-cooling');
  finish(kit, one, TAKEN);
  assert.equal(kit.shaper.control.lanes('192.0.2.1').find(({ key }) => key.site === 'google')?.state, 'cooling');
  kit.clock.advance(12 * HOUR);
  kit.shaper.preview(request(GOOGLE));
  assert.equal(kit.shaper.control.lanes('192.0.2.1').find(({ key }) => key.site === 'google')?.state, 'steady');
});

test('deliveries that were under way when the complaint came do not count as further complaints', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  const permits = [permitFor(kit, request(GOOGLE)), permitFor(kit, request(GOOGLE)), permitFor(kit, request(GOOGLE))];
  for (const permit of permits) finish(kit, permit, RATE_IP);
  const lane = kit.shaper.control.lanes()[0];
  assert.equal((lane?.nextChangeAt ?? 0) - kit.clock.now(), 10 * MINUTE);
});

test('a named DKIM domain rests alone', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  const answer = { ...RATE_IP, text: 'Our system has detected an unusual rate of unsolicited mail originating from your DKIM domain [shop.test]. Mail has been temporarily rate limited. gsmtp' };
  attempt(kit, request(GOOGLE, { dkimDomain: 'shop.test' }), answer);
  assert.equal(attempt(kit, request(GOOGLE, { dkimDomain: 'shop.test' }), TAKEN), 'lane-hot');
  assert.equal(attempt(kit, request(GOOGLE, { dkimDomain: 'example.org' }), TAKEN), 'sent');
});

test('a block that comes as 550: no more mail, one probe an interval, and a slow way back', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(kit, request(OUTLOOK), BLOCKED);
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'lane-blocked');
  kit.clock.advance(HOUR);
  assert.equal(attempt(kit, request(OUTLOOK), BLOCKED), 'sent');
  kit.clock.advance(HOUR);
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'lane-blocked', 'the second wait is twice as long');
  kit.clock.advance(HOUR);
  const probe = permitFor(kit, request(OUTLOOK));
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'lane-blocked');
  finish(kit, probe, TAKEN);
  assert.equal(kit.shaper.control.lanes()[0]?.state, 'cooling');
});

test('what concerns a recipient, a message or greylisting is no complaint', () => {
  const kit = shapeKit();
  const answers: Answer[] = [
    { code: 550, enhanced: '5.1.1', text: 'User unknown', scope: 'recipient' },
    { code: 452, enhanced: '4.2.2', text: 'mailbox full', scope: 'recipient' },
    { code: 450, enhanced: '4.2.0', text: 'Greylisted, please try again in 300 seconds', scope: 'recipient' },
  ];
  for (let times = 0; times < 40; times += 1) attempt(kit, request(UNKNOWN), answers[times % 3] as Answer);
  assert.deepEqual(kit.shaper.control.lanes().map(({ state }) => state), ['steady']);
});

test('a high share of refusals without a name makes a lane hot, at half the rate it had', () => {
  const kit = shapeKit();
  let sent = 0;
  for (let step = 0; step < 60 && attempt(kit, request(UNKNOWN), step % 2 === 0 ? TAKEN : BUSY) === 'sent'; step += 1) sent += 1;
  assert.ok(sent >= 10 && sent < 30, `after ${sent}`);
  const lane = kit.shaper.control.lanes()[0];
  assert.equal(lane?.state, 'hot');
  assert.match(lane?.why ?? '', /\d+% of the latest deliveries were put off/);
});

test('a reply that names a delay is honoured', () => {
  const kit = shapeKit();
  attempt(kit, request(GOOGLE), { ...RATE_IP, text: `${RATE_IP.text} Try again in 2 hours.` });
  const lane = kit.shaper.control.lanes()[0];
  assert.equal((lane?.nextChangeAt ?? 0) - kit.clock.now(), 2 * HOUR);
});

test('Yahoo TSS04 rests two hours; Outlook suspends at the third time within an hour', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(kit, request(YAHOO), { code: 421, enhanced: '4.7.0', text: '[TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints', mx: 'mta5.am0.yahoodns.net' });
  assert.equal((kit.shaper.control.lanes()[0]?.nextChangeAt ?? 0) - kit.clock.now(), 2 * HOUR);
  const slow: Answer = { code: 451, enhanced: '4.7.650', text: 'The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)', mx: 'outlook-com.olc.protection.outlook.com' };
  const waits: number[] = [];
  for (let times = 0; times < 3; times += 1) {
    assert.equal(attempt(kit, request(OUTLOOK), slow), 'sent');
    const until = kit.shaper.control.lanes().find(({ key }) => key.site === 'outlook')?.nextChangeAt ?? 0;
    waits.push((until - kit.clock.now()) / MINUTE);
    kit.clock.advance(until - kit.clock.now());
  }
  assert.deepEqual(waits, [1, 2, 30]);
});

test('connections a minute: new ones are counted, used ones are not', () => {
  const kit = shapeKit({ config: { sites: [{ key: 'default', limits: { connectionsPerMinute: 5 } }] } });
  for (let sent = 0; sent < 50; sent += 1) assert.equal(attempt(kit, request(UNKNOWN), { ...TAKEN, reused: true }), 'sent');
  for (let sent = 0; sent < 5; sent += 1) assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'site-connection-rate');
  kit.clock.advance(12 * SECOND);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
});

test('low volume: a few at once, then evenly; urgent mail and private networks go at once', () => {
  const config = { shaping: { enabled: true, warmUp: true, lowVolume: 200 } };
  const kit = shapeKit({ config });
  let burst = 0;
  attempt(kit, request(UNKNOWN), TAKEN);
  while (attempt(kit, request(UNKNOWN), { ...TAKEN, reused: true }) === 'sent') burst += 1;
  assert.equal(burst, 5);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'low-volume');
  assert.equal(attempt(kit, request(UNKNOWN, { stream: 'urgent' }), TAKEN), 'sent');
  kit.clock.advance(2 * SECOND);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
  const inside = shapeKit({ config });
  for (let sent = 0; sent < 100; sent += 1) assert.equal(attempt(inside, request(UNKNOWN), { ...TAKEN, peer: '127.0.0.1' }), 'sent');
});

test('pauses of a site, an address, a sender and a sender\'s domain; a pause ends by itself or is lifted', async () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  const { control } = kit.shaper;
  const createdAt = kit.clock.now();
  for (const [kind, name] of [['site', 'google'], ['source', '192.0.2.1'], ['sender', 'alice@example.org'], ['sender', 'example.org']] as const) {
    await control.pause({ kind, name, reason: 'test', createdAt, until: createdAt + HOUR });
    const wait = kit.shaper.admit(request(GOOGLE));
    assert.ok(wait.kind === 'wait' && wait.rule === `${kind}-paused`, `${kind} ${name}: ${JSON.stringify(wait)}`);
    assert.equal(wait.until, createdAt + HOUR);
    assert.match(wait.reason, /paused by the administrator \(test\) until 2026-11-20 09:00 UTC/);
    assert.equal(await control.resume(kind, name), true);
    assert.equal(kit.shaper.preview(request(GOOGLE)).kind, 'go');
  }
  await control.pause({ kind: 'site', name: 'google', reason: '', createdAt, until: createdAt + HOUR });
  kit.clock.advance(HOUR);
  assert.equal(kit.shaper.preview(request(GOOGLE)).kind, 'go');
  assert.deepEqual(control.pauses(), []);
});

test('the administrator opens a blocked lane: it comes back cautiously', async () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(kit, request(OUTLOOK), BLOCKED);
  assert.equal(await kit.shaper.control.reopen('192.0.2.1', 'outlook'), 1);
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'sent');
  assert.equal(kit.shaper.control.lanes()[0]?.state, 'cooling');
});

test('a reload changes limits and addresses', () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  assert.equal(permitFor(kit, request(GOOGLE)).sources[0]?.address, '192.0.2.1');
  kit.config.outbound = { ...kit.config.outbound, ips: [{ address: '192.0.2.2', warm: true }] };
  assert.equal(permitFor(kit, request(GOOGLE)).sources[0]?.address, '192.0.2.2');
});

test('forgetting: lanes and dead sites begin anew, pauses stay, lines are woken', async () => {
  const kit = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(kit, request(OUTLOOK), BLOCKED);
  for (let times = 0; times < 2; times += 1) attempt(kit, request(UNKNOWN), REFUSED);
  await kit.shaper.control.pause({ kind: 'site', name: 'yahoo', reason: '', createdAt: 0 });
  kit.shaper.forget();
  assert.equal(kit.told.at(-1), undefined);
  assert.equal(attempt(kit, request(OUTLOOK), TAKEN), 'sent');
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
  assert.equal(attempt(kit, request(YAHOO), TAKEN), 'site-paused');
});

test('a wait says whom else it concerns, so that a hundred thousand in line are not asked', async () => {
  const concerns = (kit: ReturnType<typeof shapeKit>, asked = request(GOOGLE)) => {
    const answer = kit.shaper.preview(asked);
    return answer.kind === 'wait' ? `${answer.rule} ${answer.concerns ?? 'sender'}` : 'go';
  };
  const one = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }] });
  attempt(one, request(GOOGLE), RATE_IP);
  assert.equal(concerns(one), 'lane-hot site');
  const pools = shapeKit({ ips: [{ address: '192.0.2.1', warm: true }, { address: '192.0.2.2', pool: 'news', warm: true }], outbound: { pools: [{ name: 'news', streams: ['bulk'], senders: [] }] } });
  attempt(pools, request(GOOGLE), RATE_IP);
  assert.equal(concerns(pools), 'lane-hot sender');
  assert.equal(concerns(pools, request(GOOGLE, { stream: 'bulk' })), 'go');
  const kit = shapeKit();
  for (let times = 0; times < 2; times += 1) attempt(kit, request(UNKNOWN), REFUSED);
  assert.equal(concerns(kit, request(UNKNOWN)), 'site-unreachable site');
  admitted(kit, request(GOOGLE));
  assert.equal(concerns(kit), 'site-connections stream');
  await kit.shaper.control.pause({ kind: 'sender', name: 'example.org', reason: '', createdAt: 0 });
  assert.equal(concerns(kit), 'sender-paused sender');
});

test('a time that the reply names is kept by letters, too: none knocks before it', () => {
  const kit = shapeKit();
  assert.equal(attempt(kit, request(UNKNOWN), { code: 451, enhanced: '4.7.1', text: 'Too much mail from your IP, retry in 40 minutes' }), 'sent');
  kit.clock.advance(39 * MINUTE);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'lane-hot');
  kit.clock.advance(2 * MINUTE);
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'sent');
});

test('all of a few put off are enough: the lane rests, although ten results are not reached', () => {
  const kit = shapeKit();
  const odd: Answer = { code: 451, enhanced: '4.7.0', text: 'frobnicate', scope: 'message' };
  for (let sent = 0; sent < 5; sent += 1) assert.equal(attempt(kit, request(UNKNOWN), odd), 'sent');
  assert.equal(attempt(kit, request(UNKNOWN), TAKEN), 'lane-hot');
});
