/** A full mailbox is told at RCPT; what got past that waits, or comes back. Thrown-away mail goes by itself when its time is over. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { eventually } from '../harness/lab-process.ts';
import { address, handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const content = (subject: string): string => `From: ben@serve.example\r\nSubject: ${subject}\r\n\r\nhello\r\n`;

async function start(t: TestContext, settings: string): Promise<{ readonly site: SmallServer; readonly clock: AdjustableClock }> {
  const clock = new AdjustableClock();
  const site = await startSmallServer({ clock, settings, accounts: ['ann', 'ben', 'cat'] });
  t.after(() => site.stop());
  return { site, clock };
}

async function rcpt(port: number, to: string, mail = ''): Promise<string> {
  const session = await SmtpDialogue.open('127.0.0.1', port);
  await session.reply();
  await session.say('EHLO front.example');
  await session.say(`MAIL FROM:<ben@serve.example>${mail}`);
  const reply = await session.say(`RCPT TO:<${address(to)}>`);
  session.close();
  return reply;
}

/** By SMTP, where aliases are expanded. */
async function submit(port: number, to: string, text: string): Promise<void> {
  const session = await SmtpDialogue.open('127.0.0.1', port);
  await session.reply();
  for (const line of ['EHLO front.example', 'MAIL FROM:<ben@serve.example>', `RCPT TO:<${address(to)}>`, 'DATA']) assert.match(await session.say(line), /^[23]/);
  assert.match(await session.say(`${text}.`), /^250 /);
  session.close();
}

async function count(site: SmallServer, folder: string): Promise<number> {
  return (await site.server.context.store.mailbox.folders.find(address('ann'), folder))?.messages ?? 0;
}

test('refused when it is full: at RCPT, by announced size, and with a report when it came through an alias of several', async (t) => {
  const { site } = await start(t, '[mailbox]\nquota-messages = 2\nwhen-full = "refuse"');
  await site.call('alias.add', { address: 'team@serve.example', targets: [address('ann'), address('cat')] });
  for (const subject of ['one', 'two']) assert.deepEqual((await handOver(site.lmtpPort, { from: address('ben'), to: ['ann'], content: content(subject) })).map((reply) => reply.slice(0, 3)), ['250']);
  await site.holds(2, 'ann');
  assert.match(await rcpt(site.smtpPort, 'ann'), /^552 5\.2\.2 /);
  assert.match(await rcpt(site.smtpPort, 'ben'), /^250 /);
  await site.call('account.quota', { address: address('ben'), bytes: 50_000, messages: 'none' });
  assert.match(await rcpt(site.smtpPort, 'ben', ' SIZE=50001'), /^552 5\.2\.2 /);
  assert.match(await rcpt(site.smtpPort, 'ben', ' SIZE=4000'), /^250 /);
  await submit(site.smtpPort, 'team', content('three'));
  const [report] = await site.holds(1, 'ben');
  assert.match(report?.content ?? '', /5\.2\.2/);
  assert.equal((await site.folder('ann')).length, 2);
});

test('put off when it is full, and delivered when there is room', async (t) => {
  const { site, clock } = await start(t, '');
  await site.call('alias.add', { address: 'team@serve.example', targets: [address('ann'), address('cat')] });
  await site.call('account.quota', { address: address('ann'), messages: 1 });
  await handOver(site.lmtpPort, { from: address('ben'), to: ['ann'], content: content('one') });
  await site.holds(1, 'ann');
  assert.match(await rcpt(site.smtpPort, 'ann'), /^452 4\.2\.2 /);
  await submit(site.smtpPort, 'team', content('two'));
  const { store } = site.server.context;
  await eventually('it waits', async () => (await store.queue.stats()).some(({ state, nextAttemptAt }) => state === 'queued' && nextAttemptAt > clock.now()));
  assert.equal((await site.folder('ann')).length, 1);
  await site.call('account.quota', { address: address('ann'), messages: 'default' });
  clock.advance(DAY_MS);
  await site.holds(2, 'ann');
});

test('mail leaves Trash after its time, can be brought back for a while, and then is gone', async (t) => {
  const { site, clock } = await start(t, '[retention]\ntrash = "2d"\nundelete = "3d"');
  const where = { account: address('ann'), folder: 'INBOX' };
  await handOver(site.lmtpPort, { from: address('ben'), to: ['ann'], content: content('old') });
  const [{ uid } = { uid: 0 }] = await site.holds(1, 'ann');
  await site.call('mailbox.move', { ...where, uids: [uid], target: 'Trash' });
  clock.advance(HOUR_MS * 2);
  await site.call('mailbox.expire', {});
  assert.equal((await site.folder('ann', 'Trash')).length, 1);
  clock.advance(2 * DAY_MS);
  await eventually('Trash is empty', async () => (await count(site, 'Trash')) === 0);
  const { messages } = await site.call<{ messages: { subject: string; folder: string }[] }>('mailbox.expunged', { account: address('ann') });
  assert.deepEqual(messages.map(({ subject, folder }) => [subject, folder]), [['old', 'Trash']]);
  assert.deepEqual(await site.call('mailbox.undelete', { account: address('ann') }), { account: address('ann'), restored: 1 });
  assert.equal((await site.folder('ann', 'Trash')).length, 1);
  const [{ uid: back } = { uid: 0 }] = await site.folder('ann', 'Trash');
  await site.call('mailbox.flags', { account: address('ann'), folder: 'Trash', uids: [back], mode: 'add', flags: ['\\Deleted'] });
  await site.call('mailbox.expunge', { account: address('ann'), folder: 'Trash' });
  clock.advance(4 * DAY_MS);
  await eventually('nothing is left', async () => (await site.server.context.store.retention.expunged({ account: address('ann') }, 10)).length === 0);
  assert.deepEqual(await site.server.context.store.call('integrity.problems', undefined), []);
});

test('a folder is shared with an account of this server, and with nobody else', async (t) => {
  const { site } = await start(t, '');
  assert.deepEqual(await site.call('account.share', { address: address('ann'), folder: 'Archive', identifier: address('ben'), rights: 'read' }), {
    account: address('ann'), folder: 'Archive', identifier: address('ben'), rights: 'lrs',
  });
  const { others } = await site.call<{ others: { account: string; folder: string }[] }>('account.shares', { address: address('ben') });
  assert.deepEqual(others.map(({ account, folder }) => [account, folder]), [[address('ann'), 'Archive']]);
  await assert.rejects(site.call('account.share', { address: address('ann'), folder: 'Archive', identifier: 'nobody@serve.example', rights: 'read' }));
  await site.call('account.share', { address: address('ann'), folder: 'Archive', identifier: address('ben'), rights: 'none' });
  assert.deepEqual((await site.call<{ own: unknown[] }>('account.shares', { address: address('ann') })).own, []);
});
