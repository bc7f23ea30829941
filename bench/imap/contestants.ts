/** The two servers under test, each in a folder of its own, with one account and plain-text IMAP on loopback. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const USER = 'alice@example.org';
export const PASSWORD = 'correct horse battery';

export interface ImapContestant {
  readonly name: string;
  readonly imapPort: number;
  readonly lmtpPort: number;
  /** Root of its process tree. */
  readonly pid: number;
  stop(): Promise<void>;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const START_TIMEOUT_MS = 30_000;
/** Debian's mail user does not exist everywhere; nobody and nogroup do. */
const MAIL_UID = 65_534;
const SESSIONS_MAX = 2000;

export function missingImapTools(): string[] {
  const lacks: string[] = [];
  if (!existsSync('/usr/lib/dovecot/imap')) lacks.push('dovecot-imapd (Debian package dovecot-imapd)');
  if (!existsSync('/usr/lib/dovecot/lmtp')) lacks.push('dovecot-lmtpd (Debian package dovecot-lmtpd)');
  if (process.getuid?.() !== 0) lacks.push('root, to start an instance of Dovecot');
  return lacks;
}

async function waitForGreeting(port: number): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const greeted = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => resolve(true)).once('error', () => resolve(false)).once('close', () => resolve(false));
      setTimeout(() => socket.destroy(), 1000).unref();
    });
    if (greeted) return;
    if (performance.now() > until) throw new Error(`nothing answers on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Linux allows a user 128 by default; Dovecot wants one for each session in IDLE, and looks only twice a minute without. */
const INOTIFY_INSTANCES = '/proc/sys/fs/inotify/max_user_instances';

/** Room for all sessions; the result puts it back. */
function allowInotify(): () => void {
  const before = readFileSync(INOTIFY_INSTANCES, 'latin1');
  if (Number(before) >= SESSIONS_MAX) return () => {};
  writeFileSync(INOTIFY_INSTANCES, String(SESSIONS_MAX));
  return () => writeFileSync(INOTIFY_INSTANCES, before);
}

/** Debian's Dovecot with Maildir++ and its default indexes and caches. */
export async function startDovecot(dir: string, imapPort: number, lmtpPort: number): Promise<ImapContestant> {
  const mail = join(dir, 'mail');
  mkdirSync(mail, { recursive: true });
  chownSync(mail, MAIL_UID, MAIL_UID);
  chmodSync(dir, 0o755);
  const hash = spawnSync('doveadm', ['-O', 'pw', '-s', 'SHA512-CRYPT', '-p', PASSWORD], { encoding: 'utf8' }).stdout.trim();
  writeFileSync(join(dir, 'users'), `${USER}:${hash}:${MAIL_UID}:${MAIL_UID}::${mail}/alice::\n`);
  const config = join(dir, 'dovecot.conf');
  writeFileSync(config, dovecotConfig({ dir, mail, imapPort, lmtpPort }));
  const restoreInotify = allowInotify();
  const child = spawn('dovecot', ['-F', '-c', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  const gone = once(child, 'exit');
  await Promise.race([waitForGreeting(imapPort), gone.then(([status]) => Promise.reject(new Error(`dovecot ended with status ${status}; see ${join(dir, 'log')}`)))]);
  return {
    name: 'Dovecot', imapPort, lmtpPort, pid: child.pid as number,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      restoreInotify();
    },
  };
}

function dovecotConfig(at: { dir: string; mail: string; imapPort: number; lmtpPort: number }): string {
  return `base_dir = ${at.dir}/run
state_dir = ${at.dir}/state
log_path = ${at.dir}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_cache_size = 1M
mail_location = maildir:~/Maildir
mail_max_userip_connections = ${SESSIONS_MAX}
first_valid_uid = 1
last_valid_uid = 0
default_vsz_limit = 2G
passdb {
  driver = passwd-file
  args = ${at.dir}/users
}
userdb {
  driver = passwd-file
  args = ${at.dir}/users
}
namespace inbox {
  inbox = yes
}
service imap-login {
  client_limit = ${SESSIONS_MAX}
  process_limit = ${SESSIONS_MAX}
  inet_listener imap {
    port = ${at.imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service imap {
  process_limit = ${SESSIONS_MAX}
}
service anvil {
  client_limit = ${3 * SESSIONS_MAX}
}
service auth {
  client_limit = ${3 * SESSIONS_MAX}
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${at.lmtpPort}
  }
}
`;
}

/** This checkout's server, as `posthorn serve` runs it. */
export async function startPosthorn(dir: string, imapPort: number, lmtpPort: number): Promise<ImapContestant> {
  const config = join(dir, 'posthorn.toml');
  writeFileSync(
    config,
    `hostname = "mail.bench.example"
data-dir = "${join(dir, 'posthorn')}"
[listen]
imap = ["127.0.0.1:${imapPort}"]
lmtp = ["127.0.0.1:${lmtpPort}"]
[networks]
trusted = ["127.0.0.0/8"]
[log]
file = "${join(dir, 'posthorn.log')}"
`,
  );
  const run = (args: readonly string[], input = ''): void => {
    const done = spawnSync(join(root, 'bin/posthorn'), [...args, '--config', config], { encoding: 'utf8', input });
    if (done.status !== 0) throw new Error(`posthorn ${args.join(' ')}: ${done.stderr}${done.stdout}`);
  };
  if (!existsSync(join(dir, 'posthorn'))) {
    run(['domain', 'add', 'example.org']);
    run(['account', 'add', USER, '--password-stdin'], `${PASSWORD}\n`);
  }
  const child = spawn(join(root, 'bin/posthorn'), ['serve', '--config', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  const gone = once(child, 'exit');
  await Promise.race([waitForGreeting(imapPort), gone.then(([status]) => Promise.reject(new Error(`posthorn ended with status ${status}`)))]);
  return {
    name: 'Posthorn', imapPort, lmtpPort, pid: child.pid as number,
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}
