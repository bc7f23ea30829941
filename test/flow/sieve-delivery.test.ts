/** Scripts of users at delivery: from the SMTP session to what is in the folders, what is sent, and what the timeline tells. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TraceMessage, TraceResult } from '../../src/manage/trace/trace-result.ts';
import { eventually } from '../harness/lab-process.ts';
import { address, handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

let small: SmallServer;
before(async () => {
  small = await startSmallServer({ accounts: ['ann', 'ben', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jan'], domains: ['other.example'], settings: '[sieve]\nvacation-min-period = 0' });
});
after(() => small?.stop());

const put = (account: string, script: string): Promise<void> => small.server.context.store.scripts.put(address(account), 'main', Buffer.from(script), { at: 0, activate: true });

interface Mail {
  readonly from?: string;
  readonly to: string;
  readonly subject?: string;
  readonly header?: readonly string[];
  readonly body?: string;
}

/** Queue id. */
async function send({ from = 'hal', to, subject = 'x', header = [], body = 'Hello.' }: Mail): Promise<string> {
  const content = [`From: <${address(from)}>`, `To: <${address(to)}>`, `Subject: ${subject}`, ...header, '', body].join('\r\n');
  const reply = await sendMessage({ host: '127.0.0.1', port: small.smtpPort }, { from: from === '' ? '' : address(from), to: [address(to)], content });
  return /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
}

async function done(id: string): Promise<TraceMessage> {
  return eventually(`an end of ${id}`, async () => {
    const { messages } = await small.call<TraceResult>('trace.show', { query: id });
    const [message] = messages;
    return message && message.recipients.every(({ state }) => state !== 'queued') ? message : undefined;
  });
}

const filtered = (message: TraceMessage): Readonly<Record<string, readonly string[]>> => (message.events.find(({ name }) => name === 'recipient.filtered')?.data ?? {}) as never;

test('folders, flags and copies; each folder is made, and none gets two', async () => {
  await put('ann', 'require ["fileinto","imap4flags","copy"]; if header :contains "subject" "bill" { fileinto :flags "\\\\Flagged" "Money/Bills"; fileinto :copy "All"; fileinto :flags "\\\\Flagged" "Money/Bills"; } elsif header :contains "subject" "noise" { discard; }');
  const trace = await done(await send({ to: 'ann', subject: 'a bill' }));
  assert.deepEqual(filtered(trace)['actions']?.length, 2);
  const [bill] = await small.holds(1, 'ann', 'Money/Bills');
  assert.deepEqual(bill?.flags, ['\\Flagged']);
  assert.match(bill?.content ?? '', /^Return-Path: <hal@serve\.example>\r\nDelivered-To: ann@serve\.example\r\n/);
  assert.equal((await small.folder('ann', 'All')).length, 1);
  assert.deepEqual(await small.folder('ann'), []);
  const noise = await done(await send({ to: 'ann', subject: 'noise' }));
  assert.deepEqual(filtered(noise)['actions'], ['discard']);
  await done(await send({ to: 'ann', subject: 'other' }));
  assert.match((await small.folder('ann'))[0]?.content ?? '', /Subject: other/);
  assert.equal((await small.folder('ann')).length, 1);
});

test('editheader changes the stored copy', async () => {
  await put('ann', 'require ["editheader","fileinto"]; addheader "X-Sorted" "yes"; deleteheader "X-Secret"; fileinto "Edited";');
  await done(await send({ to: 'ann', header: ['X-Secret: word'] }));
  const [stored] = await small.holds(1, 'ann', 'Edited');
  assert.match(stored?.content ?? '', /^X-Sorted: yes\r\n/);
  assert.doesNotMatch(stored?.content ?? '', /X-Secret/);
  assert.match(stored?.content ?? '', /\r\n\r\nHello\.\r\n/);
});

test('redirect: another message with a return path, circles end, to oneself is a keep', async () => {
  await put('ben', 'redirect "cat@serve.example";');
  await put('cat', 'redirect "ben@serve.example"; keep;');
  await done(await send({ to: 'ben', subject: 'round' }));
  const [atCat] = await small.holds(1, 'cat');
  assert.match(atCat?.content ?? '', /Delivered-To: cat@[^]*Delivered-To: ben@/);
  assert.equal((await small.folder('cat')).length, 1);
  assert.equal((await small.folder('hal')).some(({ content }) => /mail loop/.test(content)), false, 'nothing is wrong for the sender');
  await put('ben', 'require "copy"; redirect :copy "BEN+me@serve.example";');
  const self = await done(await send({ to: 'ben', subject: 'to myself' }));
  assert.equal(self.recipients[0]?.state, 'delivered');
  assert.match((await small.holds(1, 'ben'))[0]?.content ?? '', /to myself/);
});

test('two who redirect to each other: the second keeps what would go in a circle, reports too', async () => {
  await put('jan', 'redirect "ida@serve.example";');
  await put('ida', 'redirect "jan@serve.example";');
  for (const to of ['jan', 'ida']) await handOver(small.lmtpPort, { from: 'pat@far.example', to: [to], content: `From: pat@far.example\r\nSubject: to ${to}\r\n\r\nx` });
  assert.match((await small.holds(1, 'ida'))[0]?.content ?? '', /Subject: to jan/);
  assert.match((await small.holds(1, 'jan'))[0]?.content ?? '', /Subject: to ida/);
  await handOver(small.lmtpPort, { from: '', to: ['jan'], content: 'From: x@far.example\r\nSubject: a report\r\n\r\nx' });
  assert.match((await small.holds(2, 'ida')).map(({ content }) => content).join(''), /Subject: a report/);
});

test('reject: a report for whom we believe, Junk for the others', async () => {
  await put('dan', 'require "reject"; reject "Go away: Dan is not here.\nAsk Eve, blocked mailbox full.";');
  const trace = await done(await send({ from: 'gus', to: 'dan' }));
  assert.equal(trace.recipients[0]?.state, 'bounced');
  const [report] = await small.holds(1, 'gus');
  // The words of the recipient, line by line; nothing is read out of them.
  assert.match(report?.content ?? '', /dan@serve\.example\r\n +The recipient does not want this message: a rule of theirs \(Sieve\)\r\n +refused it\.\r\n[^]*The recipient says:\r\n +Go away: Dan is not here\.\r\n +Ask Eve, blocked mailbox full\.\r\n/);
  await handOver(small.lmtpPort, { from: 'forged@far.example', to: ['dan'], content: 'From: forged@far.example\r\nSubject: y\r\n\r\nx' });
  assert.match((await small.holds(1, 'dan', 'Junk'))[0]?.content ?? '', /Subject: y/);
});

test('vacation: once to a person who wrote to this person', async () => {
  await put('eve', 'require ["vacation"]; vacation :days 7 :subject "Away" "Back on Monday.";');
  await done(await send({ from: 'fay', to: 'eve', subject: 'hi', header: ['Message-ID: <first@serve.example>'] }));
  const [answer] = await small.holds(1, 'fay');
  assert.match(answer?.content ?? '', /^Return-Path: <>\r\n/);
  for (const field of [/^From: eve@serve\.example\r$/m, /^To: fay@serve\.example\r$/m, /^Subject: Away\r$/m, /^In-Reply-To: <first@serve\.example>\r$/m, /^References: <first@serve\.example>\r$/m, /^Auto-Submitted: auto-replied/m, /^DKIM-Signature: /m]) assert.match(answer?.content ?? '', field);
  const notes = async (mail: Mail): Promise<string> => filtered(await done(await send(mail)))['notes']?.join() ?? 'an answer';
  assert.match(await notes({ from: 'fay', to: 'eve' }), /had it already/);
  for (const [header, why] of [['List-Id: <l.x>', /list/], ['Precedence: bulk', /mailing/], ['Auto-Submitted: auto-replied', /machine/], ['X-Auto-Response-Suppress: All', /wants no/]] as const) {
    assert.match(await notes({ from: 'gus', to: 'eve', header: [header] }), why);
  }
  assert.match(await notes({ from: '', to: 'eve' }), /report/);
  assert.match(await notes({ from: 'owner-list', to: 'eve' }), /no person/);
  const blind = await sendMessage({ host: '127.0.0.1', port: small.smtpPort }, { from: 'gus@serve.example', to: ['eve@serve.example'], content: 'From: gus@serve.example\r\nTo: all\r\nSubject: z\r\n\r\nx' });
  assert.match(filtered(await done(/queued as (\w+)/.exec(blind)?.[1] ?? ''))['notes']?.join() ?? '', /none of the addresses/);
});

test('vacation :seconds 0 answers each message; a script never sends as somebody else', async () => {
  await put('eve', 'require ["vacation-seconds"]; vacation :seconds 0 :from "Boss <hal@serve.example>" "Away.";');
  const held = (await small.folder('hal')).length;
  await done(await send({ to: 'eve' }));
  await done(await send({ to: 'eve' }));
  const found = (await small.holds(held + 2, 'hal')).slice(held);
  assert.match(found[0]?.content ?? '', /^From: Boss <eve@serve\.example>\r$/m);
});

test('notify and duplicate', async () => {
  await put('fay', 'require ["enotify","duplicate"]; if duplicate { discard; stop; } notify :message "You have mail" "mailto:gus@serve.example";');
  const before = (await small.folder('gus')).length;
  const header = ['Message-ID: <same@serve.example>'];
  await done(await send({ to: 'fay', subject: 'news', header }));
  const notice = (await small.holds(before + 1, 'gus')).at(-1);
  assert.match(notice?.content ?? '', /^Subject: You have mail\r$/m);
  assert.match(notice?.content ?? '', /^Auto-Submitted: auto-notified; owner-email="fay@serve\.example"\r$/m);
  const again = await done(await send({ to: 'fay', subject: 'news', header }));
  assert.deepEqual(filtered(again)['actions'], ['discard']);
});

test('a run-time error keeps the message, is on the timeline, and is told once', async () => {
  await put('gus', 'require ["fileinto","variables","include"]; fileinto "Never"; include "missing";');
  const held = (await small.folder('gus')).length;
  const trace = await done(await send({ to: 'gus', subject: 'kept' }));
  assert.match(filtered(trace)['problems']?.join() ?? '', /main, line 1: .*missing/);
  await done(await send({ to: 'gus', subject: 'kept, too' }));
  const inbox = (await small.holds(held + 3, 'gus')).slice(held);
  assert.equal(inbox.filter(({ content }) => /Your Sieve script "main" has a problem/.test(content)).length, 1);
  assert.deepEqual(await small.folder('gus', 'Never'), []);
});
