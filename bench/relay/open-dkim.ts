/** Debian's OpenDKIM as a milter that signs with RSA-2048, in a folder of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';

export const SIGNED_DOMAIN = 'bench.example';
const RSA_BITS = 2048;
const START_TIMEOUT_MS = 10_000;

export interface Milter {
  /** As in Postfix's smtpd_milters. */
  readonly address: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Settings as in Debian's opendkim.conf, with one domain, our canonicalization, no log line a message, and a key below /tmp. */
export async function startOpenDkim(dir: string, port: number): Promise<Milter> {
  const folder = join(dir, 'opendkim');
  const keyFile = join(folder, 'bench.private');
  const configFile = join(folder, 'opendkim.conf');
  mkdirSync(folder, { recursive: true });
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: RSA_BITS });
  writeFileSync(keyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const owner = Number(spawnSync('id', ['-u', 'opendkim'], { encoding: 'utf8' }).stdout);
  for (const path of [folder, keyFile]) chownSync(path, owner, 0);
  chmodSync(folder, 0o700);
  writeFileSync(
    configFile,
    `Mode s
Domain ${SIGNED_DOMAIN}
Selector bench
KeyFile ${keyFile}
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
OversignHeaders From
InternalHosts 127.0.0.1
Socket inet:${port}@127.0.0.1
UserID opendkim
UMask 007
RequireSafeKeys no
Syslog no
`,
  );
  const child: ChildProcess = spawn('opendkim', ['-f', '-x', configFile], { stdio: ['ignore', 'inherit', 'inherit'] });
  const gone = once(child, 'exit');
  await listens(port, child);
  return {
    address: `inet:127.0.0.1:${port}`,
    pid: child.pid as number,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function listens(port: number, child: ChildProcess): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < until && child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const open = await Promise.race([once(socket, 'connect').then(() => true), once(socket, 'error').then(() => false, () => false)]).catch(() => false);
    socket.destroy();
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('opendkim did not start');
}
