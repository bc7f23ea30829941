/** Delivery by LMTP to Debian's Dovecot, over TCP and over its Unix socket; and what it refuses comes back to the sender. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TraceResult } from '../../src/manage/trace/trace-result.ts';
import { eventually } from '../harness/lab-process.ts';
import { freePort } from '../harness/serve-process.ts';
import { startSmallServer } from '../harness/small-server.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const MAIL_UID = 65_534;
const skip = existsSync('/usr/lib/dovecot/lmtp') ? (process.getuid?.() === 0 ? false : 'Dovecot wants to be started by root') : 'dovecot-lmtpd is not installed';

function configuration(folder: string, port: number): string {
  return `base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
protocols = lmtp
listen = 127.0.0.1
ssl = no
hostname = inner.example
mail_location = maildir:~/Maildir
first_valid_uid = 1
last_valid_uid = 0
passdb {
  driver = passwd-file
  args = ${folder}/users
}
userdb {
  driver = passwd-file
  args = ${folder}/users
}
namespace inbox {
  inbox = yes
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port}
  }
  unix_listener lmtp {
    mode = 0666
  }
}
`;
}

async function greets(where: NetConnectOpts): Promise<boolean> {
  const socket = connect(where);
  const heard = await once(socket, 'data').then(() => true, () => false);
  socket.destroy();
  return heard;
}

test('each recipient at Dovecot has its own fate, over TCP and over the socket', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-lmtp-'));
  const mail = join(folder, 'mail');
  mkdirSync(mail);
  chmodSync(folder, 0o755);
  chownSync(mail, MAIL_UID, MAIL_UID);
  const port = await freePort();
  writeFileSync(join(folder, 'users'), ['ann', 'ben'].map((name) => `${name}@inner.example:{PLAIN}x:${MAIL_UID}:${MAIL_UID}::${mail}/${name}::\n`).join(''));
  writeFileSync(join(folder, 'dovecot.conf'), configuration(folder, port));
  const child = spawn('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  const small = await startSmallServer();
  context.after(async () => {
    await small.stop();
    child.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });
  for (const where of [{ port, host: '127.0.0.1' }, { path: join(folder, 'run/lmtp') }]) await eventually('Dovecot listens', () => greets(where));
  const stored = (name: string): string[] => {
    const files = join(mail, name, 'Maildir/new');
    return existsSync(files) ? readdirSync(files).map((file) => readFileSync(join(files, file), 'utf8')) : [];
  };
  const send = async (to: readonly string[], subject: string): Promise<readonly string[]> => {
    const reply = await sendMessage({ host: '127.0.0.1', port: small.smtpPort }, { from: 'ann@serve.example', to, content: `From: ann@serve.example\r\nTo: you\r\nSubject: ${subject}\r\n\r\n.dot` });
    const id = /queued as (\w+)/.exec(reply)?.[1] ?? assert.fail(reply);
    return eventually(`an end of ${id}`, async () => {
      const { messages } = await small.call<TraceResult>('trace.show', { query: id });
      const states = messages[0]?.recipients.map(({ state }) => state) ?? [];
      return states.length > 0 && !states.includes('queued') ? states : undefined;
    });
  };
  await small.call('route.add', { pattern: 'inner.example', lmtp: `127.0.0.1:${port}` });
  assert.deepEqual(await send(['ann@inner.example', 'nobody@inner.example', 'ben@inner.example'], 'over TCP'), ['delivered', 'bounced', 'delivered']);
  assert.match(stored('ann')[0] ?? '', /Subject: over TCP\n\n\.dot/);
  assert.equal(stored('ben').length, 1);
  await small.call('route.add', { pattern: 'inner.example', lmtp: join(folder, 'run/lmtp') });
  assert.deepEqual(await send(['ben@inner.example'], 'over the socket'), ['delivered']);
  assert.equal(stored('ben').length, 2);
});
