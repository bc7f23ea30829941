/** A script is no way around the limits of its account: redirects, answers and notifications to addresses elsewhere are counted. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TraceMessage, TraceResult } from '../../src/manage/trace/trace-result.ts';
import { eventually } from '../harness/lab-process.ts';
import { address, startSmallServer, type SmallServer } from '../harness/small-server.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

let small: SmallServer;
before(async () => {
  small = await startSmallServer({ accounts: ['ann', 'ben', 'cat', 'hal'], settings: '[quota]\nmessages-per-hour = 2' });
});
after(() => small?.stop());

const put = (account: string, script: string): Promise<void> => small.server.context.store.scripts.put(address(account), 'main', Buffer.from(script), { at: 0, activate: true });

async function deliver(to: string): Promise<TraceMessage> {
  const content = [`From: <${address('hal')}>`, `To: <${address(to)}>`, 'Subject: x', '', 'Hello.'].join('\r\n');
  const reply = await sendMessage({ host: '127.0.0.1', port: small.smtpPort }, { from: address('hal'), to: [address(to)], content });
  const query = /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
  return eventually(`an end of ${query}`, async () => {
    const { messages } = await small.call<TraceResult>('trace.show', { query });
    const [message] = messages;
    return message && message.recipients.every(({ state }) => state !== 'queued') ? message : undefined;
  });
}

function notesOf({ events }: TraceMessage): readonly string[] {
  return ((events.find(({ name }) => name === 'recipient.filtered')?.data ?? {}) as { notes?: readonly string[] }).notes ?? [];
}

test('redirects beyond the limit are kept, those to people here are not counted', async () => {
  await put('ann', 'redirect "someone@elsewhere.example";');
  for (let sent = 0; sent < 2; sent += 1) assert.deepEqual(notesOf(await deliver('ann')), []);
  const [note = ''] = notesOf(await deliver('ann'));
  assert.match(note, /not sent on to someone@elsewhere\.example: The limit of 2 messages an hour .*; kept in INBOX/);
  assert.equal((await small.folder('ann')).length, 1);
  await put('ann', 'redirect "cat@serve.example";');
  for (let sent = 0; sent < 3; sent += 1) assert.deepEqual(notesOf(await deliver('ann')), []);
  await small.holds(3, 'cat');
});

test('notifications beyond the limit are not sent, and the message is delivered', async () => {
  await put('ben', 'require "enotify"; notify "mailto:pager@elsewhere.example"; notify "mailto:second@elsewhere.example"; notify "mailto:third@elsewhere.example";');
  const [note = '', ...more] = notesOf(await deliver('ben'));
  assert.match(note, /nothing sent to third@elsewhere\.example: The limit of 2 messages/);
  assert.deepEqual(more, []);
  await small.holds(1, 'ben');
});
