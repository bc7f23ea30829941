import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BRAKE_LIMITS } from '../../base/limits.ts';
import type { AccountUsageRows, UsageHour } from '../../store/clients/usage.ts';
import { AccountUsage, HOUR_MS } from './account-usage.ts';
import { clientNetwork } from './client-network.ts';
import { KnownRecipients } from './known-recipients.ts';
import { allowedStrangers, overQuota, quotaOf, suspicionOf } from './rules.ts';

const NOW = 490_000 * HOUR_MS + 10 * 60_000;
const ACCOUNT = 'alice@example.org';
const QUOTA = { messagesPerHour: 10, recipientsPerHour: 100, recipientsPerDay: 150, brake: true };
const DAY_MS = 24 * HOUR_MS;

function usageWith(rows: Partial<AccountUsageRows> = {}): AccountUsage {
  return new AccountUsage(ACCOUNT, { hours: [], peakStrangers: 0, firstHour: null, networks: [], known: null, quota: null, brake: null, ...rows });
}

function hour(number: number, figures: Partial<UsageHour>): UsageHour {
  return { hour: number, messages: 0, recipients: 0, strangers: 0, delivered: 0, dead: 0, ...figures };
}

function strangers(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, at) => `someone${from + at}@example.net`);
}

test('quotas say which limit is reached and when it ends', () => {
  const usage = usageWith();
  assert.equal(overQuota(usage, QUOTA, 100, NOW), undefined);
  usage.count(strangers(100), undefined, NOW);
  const hourly = overQuota(usage, QUOTA, 1, NOW);
  assert.equal(hourly?.code, 450);
  assert.match(hourly?.text ?? '', /^The limit of 100 recipients an hour for alice@example\.org is reached; it ends at \d{4}-\d\d-\d\d \d\d:00 UTC$/);
  assert.ok(hourly?.text.includes(new Date(490_001 * HOUR_MS).toISOString().slice(0, 10)));
  assert.equal(overQuota(usage, QUOTA, 50, NOW + HOUR_MS), undefined, 'in the next hour there is room');
  assert.match(overQuota(usage, QUOTA, 51, NOW + HOUR_MS)?.text ?? '', /150 recipients in 24 hours/);
  assert.equal(overQuota(usage, QUOTA, 51, NOW + DAY_MS), undefined, 'a day later there is room');
});

test('a message with more recipients than the limit is refused for good', () => {
  assert.equal(overQuota(usageWith(), QUOTA, 101, NOW)?.code, 550);
});

test('messages are limited, too, and an account can have limits of its own', () => {
  const usage = usageWith();
  for (let sent = 0; sent < 10; sent += 1) usage.count(['a@b.test'], undefined, NOW);
  assert.match(overQuota(usage, QUOTA, 1, NOW)?.text ?? '', /10 messages an hour/);
  const own = quotaOf(QUOTA, { account: ACCOUNT, messagesPerHour: 11, recipientsPerHour: null, recipientsPerDay: null, brake: 'off' });
  assert.deepEqual(own, { ...QUOTA, messagesPerHour: 11, brake: false });
  assert.equal(overQuota(usage, own, 1, NOW), undefined);
});

test('a new account may write to so many strangers in an hour, and to known ones as often as it likes', () => {
  const usage = usageWith();
  const most = BRAKE_LIMITS.strangersPerHourMin;
  usage.count(strangers(most), undefined, NOW);
  assert.equal(suspicionOf(usage, undefined, NOW), undefined);
  usage.count(strangers(most), undefined, NOW);
  assert.equal(suspicionOf(usage, undefined, NOW), undefined, 'the same again are no strangers');
  usage.count(['one@more.test'], undefined, NOW);
  assert.equal(suspicionOf(usage, undefined, NOW)?.rule, 'many-strangers');
});

test('an account that is used to more may write to more', () => {
  const usage = usageWith({ peakStrangers: 1000, firstHour: 489_000 });
  assert.equal(allowedStrangers(usage, false, NOW), 4000);
  usage.count(strangers(900), undefined, NOW);
  assert.equal(suspicionOf(usage, undefined, NOW), undefined);
});

test('from a network where it never came from an account may write to fewer strangers', () => {
  const settled = { network: '192.0.2.0/24', firstAt: NOW - 30 * DAY_MS, lastAt: NOW - DAY_MS };
  const usage = usageWith({ networks: [settled] });
  const thief = clientNetwork('198.51.100.7');
  usage.count(strangers(51), thief, NOW);
  assert.deepEqual([usage.isNewNetwork('198.51.100.0/24', NOW), usage.isNewNetwork('192.0.2.0/24', NOW)], [true, false]);
  assert.equal(suspicionOf(usage, thief, NOW)?.rule, 'new-network');
  assert.equal(suspicionOf(usage, settled.network, NOW), undefined, 'from home that would be nothing');
  assert.equal(usageWith().isNewNetwork('198.51.100.0/24', NOW), false, 'the first network of an account is no surprise');
});

test('many dead addresses stop an account, a few do not', () => {
  const current = Math.floor(NOW / HOUR_MS);
  const bad = usageWith({ hours: [hour(current - 1, { dead: 12, delivered: 20 }), hour(current, { dead: 8, delivered: 20 })] });
  assert.equal(suspicionOf(bad, undefined, NOW)?.rule, 'dead-addresses');
  const large = usageWith({ hours: [hour(current, { dead: 20, delivered: 1000 })] });
  assert.equal(suspicionOf(large, undefined, NOW), undefined);
});

test('after a release the account may go on for a day', () => {
  const brake = { account: ACCOUNT, state: 'released', rule: 'many-strangers', reason: '', at: NOW - HOUR_MS, strangers: 300, releasedAt: NOW - 60_000 } as const;
  const usage = usageWith({ brake, networks: [{ network: '192.0.2.0/24', firstAt: 0, lastAt: NOW }] });
  usage.count(strangers(1000), '198.51.100.0/24', NOW);
  assert.equal(suspicionOf(usage, '198.51.100.0/24', NOW), undefined);
  assert.equal(allowedStrangers(usage, false, NOW + DAY_MS), 4 * 1000, 'then by what it did');
});

test('what changed is handed out once', () => {
  const usage = usageWith();
  usage.count(strangers(3), '192.0.2.0/24', NOW);
  usage.countOutcome('dead', NOW);
  const change = usage.takeChange();
  assert.deepEqual(change.hours, [hour(Math.floor(NOW / HOUR_MS), { messages: 1, recipients: 3, strangers: 3, dead: 1 })]);
  assert.deepEqual(change.networks, [{ network: '192.0.2.0/24', firstAt: NOW, lastAt: NOW }]);
  assert.equal(usage.changed, false);
  const again = usageWith({ known: change.known });
  again.count(strangers(3), undefined, NOW);
  assert.equal(again.thisHour(NOW).strangers, 0, 'known from before');
});

test('known recipients: no stranger is known before, hardly a known one is a stranger, and old ones are forgotten', () => {
  const known = new KnownRecipients();
  const first = strangers(BRAKE_LIMITS.filterRecipientsMax);
  const newOnes = first.filter((address) => known.add(address)).length;
  assert.ok(newOnes > first.length * 0.97, `${newOnes} of ${first.length} were new`);
  assert.ok(first.every((address) => !new KnownRecipients(known.state).add(address.toUpperCase())));
  for (const address of strangers(2 * BRAKE_LIMITS.filterRecipientsMax + 10, 100_000)) known.add(address);
  const forgotten = first.filter((address) => known.add(address)).length;
  assert.ok(forgotten > first.length / 2, `${forgotten} were forgotten`);
});

test('the network of a client', () => {
  assert.equal(clientNetwork('192.0.2.77'), '192.0.2.0/24');
  assert.equal(clientNetwork('::ffff:192.0.2.77'), '192.0.2.0/24');
  assert.equal(clientNetwork('2001:DB8:1:2::3'), '2001:db8:1::/48');
  assert.equal(clientNetwork('::1'), '0:0:0::/48');
  assert.equal(clientNetwork('fe80::1%eth0'), 'fe80:0:0::/48');
  assert.equal(clientNetwork('nonsense'), undefined);
  assert.equal(clientNetwork(undefined), undefined);
});
