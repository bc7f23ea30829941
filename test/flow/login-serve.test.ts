/** Users of a back end in the running program, with sessions in threads of their own: mail, log-in, reload, other programs. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:net';
import { createTransport } from 'nodemailer';
import { silentLog } from '../../src/base/log.ts';
import { backendUser } from '../../src/login/backends/backend.ts';
import { createDovecotBackend } from '../../src/login/backends/dovecot.ts';
import { eventually } from '../harness/lab-process.ts';
import { administer, endServe, freePort, startServe } from '../harness/serve-process.ts';
import { Client } from './smtp-server-kit.ts';

test('users of a file, over the threads of a real server', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-login-serve-'));
  chmodSync(dir, 0o700);
  const config = join(dir, 'posthorn.toml');
  const users = join(dir, 'users');
  const [smtp, submission] = [await freePort(), await freePort()];
  writeFileSync(users, 'fran@example.org:{PLAIN}open sesame\n');
  const write = (login = ''): void =>
    writeFileSync(
      config,
      `hostname = "mail.serve.example"\ndata-dir = "${join(dir, 'data')}"\n[listen]\nsmtp = ["127.0.0.1:${smtp}"]\nsubmission = ["127.0.0.1:${submission}"]\nauth = ["${join(dir, 'auth')}"]\n` +
        `[networks]\ntrusted = ["127.0.0.0/8"]\n[log]\nfile = "log"\n[login]\n${login}[[login.backend]]\nkind = "store"\n[[login.backend]]\nkind = "file"\nname = "people"\nfile = "users"\n`,
    );
  write();
  const server = await startServe(config, smtp);
  try {
    assert.equal((await administer(config, ['domain', 'add', 'example.org'])).status, 0);
    const client = new Client(connect({ host: '127.0.0.1', port: smtp, allowHalfOpen: true, noDelay: true }));
    await client.greet();
    assert.equal(await client.say('MAIL FROM:<x@example.net>'), '250 2.1.0');
    assert.equal(await client.say('RCPT TO:<nobody@example.org>'), '550 5.1.1');
    assert.equal(await client.say('RCPT TO:<fran@example.org>'), '250 2.1.5');
    await client.say('QUIT');
    const shown = JSON.parse((await administer(config, ['account', 'show', 'fran@example.org', '--json'])).stdout) as { origin: string };
    assert.equal(shown.origin, 'people');

    const verify = async (user: string, pass: string): Promise<boolean> => {
      const transport = createTransport({ host: '127.0.0.1', port: submission, ignoreTLS: true, auth: { user, pass } });
      const ok = await transport.verify().catch(() => false);
      transport.close();
      return ok;
    };
    assert.equal(await verify('fran@example.org', 'open sesame'), true);
    assert.equal(await verify('fran@example.org', 'no'), false);
    assert.equal(await verify('fran', 'open sesame'), false);
    write('default-domain = "example.org"\n');
    server.kill('SIGHUP');
    // Log-ins that fail until then would be counted, and slowed down.
    await eventually('the reload took place', async () => readFileSync(join(dir, 'log'), 'utf8').includes('server.reloaded'));
    assert.equal(await verify('fran', 'open sesame'), true);

    const backend = createDovecotBackend({ kind: 'dovecot', name: 'posthorn', socket: join(dir, 'auth') }, silentLog);
    assert.deepEqual(await backend.check(backendUser('fran'), 'open sesame'), { kind: 'ok', address: 'fran@example.org' });
    await backend.close();

    const { logins } = JSON.parse((await administer(config, ['account', 'logins', 'fran@example.org', '--json'])).stdout) as { logins: { result: string; service: string; mechanism: string }[] };
    assert.ok(logins.some(({ result, service, mechanism }) => result === 'ok' && service === 'smtp' && mechanism === 'PLAIN'));
    rmSync(users);
    const down = createTransport({ host: '127.0.0.1', port: submission, ignoreTLS: true, auth: { user: 'fran', pass: 'open sesame' } });
    await assert.rejects(down.verify(), /454/);
    down.close();
  } finally {
    await endServe(server, 'SIGTERM');
    rmSync(dir, { recursive: true });
  }
});
