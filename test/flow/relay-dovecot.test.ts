/** Logging in at Dovecot's submission service with each mechanism that we share: a check by somebody else's code. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { logIn } from '../../src/net/smtp-login.ts';
import { openChannel } from '../../src/net/smtp-open.ts';
import { SmtpError } from '../../src/net/smtp-trouble.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { eventually } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';
import { startPeer } from '../harness/scripted-peer.ts';
import { freePort } from '../harness/serve-process.ts';

const PASSWORD = 'tanstaaftanstaaf';
const MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-1', 'PLAIN', 'LOGIN', 'CRAM-MD5'] as const;

const reason =
  missingTool('dovecot') ||
  (process.getuid?.() === 0 ? false : 'Dovecot wants to be started by root') ||
  missingFile('/usr/lib/dovecot/submission');

function missingFile(file: string): string | false {
  try {
    readFileSync(file);
    return false;
  } catch {
    return 'dovecot-submissiond is not installed';
  }
}

function configuration(folder: string, port: number, backendPort: number): string {
  return `
base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
protocols = submission
listen = 127.0.0.1
hostname = relay.test
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
auth_mechanisms = ${MECHANISMS.join(' ').toLowerCase()}
auth_failure_delay = 0 secs
passdb {
  driver = passwd-file
  args = scheme=PLAIN ${folder}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/home
}
mail_location = maildir:${folder}/home/mail
submission_relay_host = 127.0.0.1
submission_relay_port = ${backendPort}
service submission-login {
  inet_listener submission {
    port = ${port}
  }
}
first_valid_uid = 1
# No growing delay after wrong passwords.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`;
}

test('Dovecot lets us in with each mechanism, and only with the right password', { skip: reason }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-dovecot-'));
  chmodSync(folder, 0o755);
  const certificate = createCertificate({ subject: 'relay.test', altNames: ['relay.test'] });
  const backend = await startPeer();
  const port = await freePort();
  for (const name of ['run', 'home']) mkdirSync(join(folder, name), { mode: 0o777 });
  chmodSync(join(folder, 'home'), 0o777);
  writeFileSync(join(folder, 'cert.pem'), certificate.certificatePem);
  writeFileSync(join(folder, 'key.pem'), certificate.keyPem);
  writeFileSync(join(folder, 'users'), `tim:{PLAIN}${PASSWORD}\n`);
  writeFileSync(join(folder, 'dovecot.conf'), configuration(folder, port, backend.port));
  const dovecot = spawn('dovecot', ['-F', '-c', join(folder, 'dovecot.conf')], { stdio: 'ignore' });
  const gone = once(dovecot, 'exit');
  try {
    await eventually('Dovecot listens', async () => {
      const socket = connect(port, '127.0.0.1');
      const open = await once(socket, 'data').then(() => true, () => false);
      socket.destroy();
      return open;
    });
    const clock = new SystemClock();
    const ports = { connector: createConnector({ clock }), clock, clientTls: clientTlsFrom(certificate.certificatePem) };
    const target = { address: '127.0.0.1', port, host: 'relay.test', helo: 'client.test', tls: 'verify' } as const;
    for (const mechanism of MECHANISMS) {
      const { channel, capabilities } = await openChannel(ports, target);
      assert.ok(capabilities.auth.includes(mechanism), `${mechanism} of ${capabilities.auth.join(' ')}`);
      await logIn(channel, { ...capabilities, auth: [mechanism] }, target, { credentials: async () => ({ username: 'tim', password: PASSWORD }) });
      channel.quit();
    }
    for (const mechanism of MECHANISMS) {
      const { channel, capabilities } = await openChannel(ports, target);
      const refused = logIn(channel, { ...capabilities, auth: [mechanism] }, target, { credentials: async () => ({ username: 'tim', password: 'wrong' }) });
      await assert.rejects(refused, (error) => error instanceof SmtpError && error.trouble.kind === 'login' && error.trouble.reply.code === 535, mechanism);
      channel.quit();
    }
  } finally {
    dovecot.kill('SIGTERM');
    await gone;
    await backend.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
