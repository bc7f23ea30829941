/** Quotas and metrics count over all session threads. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startServer } from '../../src/compose/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runVerb } from '../../src/manage/local-call.ts';
import { verbs } from '../../src/manage/verbs.ts';
import { derivePassword } from '../../src/store/password.ts';
import { eventually } from '../harness/lab-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const CONNECTIONS = 16;
const MESSAGES_PER_HOUR = 5;
const ACCOUNT = 'ann@serve.example';

test('an account’s messages are counted over all its connections, and so is everything for metrics', async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-quota-'));
  const file = join(dir, 'posthorn.toml');
  const lines = ['hostname = "mail.serve.example"', 'data-dir = "data"', '[listen]', 'submission = ["127.0.0.1:0"]', '[quota]', `messages-per-hour = ${MESSAGES_PER_HOUR}`];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const server = await startServer({ config: loadConfig(file), clock: new SystemClock(), log: silentLog, verbs, sessionThreads: { count: 2, writeLines: () => {} } });
  context.after(async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const { directory } = server.context.store;
  await directory.addDomain('serve.example', { at: 0 });
  await directory.addAccount(ACCOUNT, await derivePassword('secret-of-ann'), 0);
  const port = server.addresses.submission[0]?.port as number;
  const replies = await Promise.all(Array.from({ length: CONNECTIONS }, () => sendAs(port)));
  // The hour may end in between: then the next one has begun.
  const taken = replies.filter((reply) => reply.startsWith('250')).length;
  assert.ok(taken >= MESSAGES_PER_HOUR && taken <= 2 * MESSAGES_PER_HOUR, replies.join(' '));
  for (const reply of replies.filter((each) => !each.startsWith('250'))) assert.match(reply, /^450 4\.7\.1 The limit of 5 messages an hour for ann@serve\.example is reached/);
  await eventually('the threads have told what they counted', async () => {
    const outcome = await runVerb(verbs, server.context, 'metrics.read', {});
    const { text } = outcome.kind === 'done' ? (outcome.result as { text: string }) : { text: '' };
    return (
      text.includes(`\nposthorn_messages_accepted_total ${taken}\n`) &&
      text.includes(`\nposthorn_smtp_connections_total{service="submission"} ${CONNECTIONS}\n`) &&
      text.includes(`\nposthorn_messages_refused_total{rule="over-quota"} ${CONNECTIONS - taken}\n`)
    );
  });
});

async function sendAs(port: number): Promise<string> {
  const session = await SmtpDialogue.open('127.0.0.1', port);
  await session.reply();
  await session.say('EHLO laptop.example');
  assert.match(await session.say(`AUTH PLAIN ${Buffer.from(`\0${ACCOUNT}\0secret-of-ann`).toString('base64')}`), /^235/);
  await session.say(`MAIL FROM:<${ACCOUNT}>`);
  await session.say(`RCPT TO:<${ACCOUNT}>`);
  await session.say('DATA');
  const reply = await session.say(`From: ${ACCOUNT}\r\nTo: ${ACCOUNT}\r\nSubject: x\r\n\r\nHello\r\n.`);
  session.close();
  return reply;
}
