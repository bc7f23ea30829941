/** Debian's Dovecot as an IMAP server on loopback, with Maildirs of its own: a peer that none of us wrote. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './lab-process.ts';
import { freePort } from './serve-process.ts';

export const DOVECOT_PASSWORD = 'tanstaaftanstaaf';
/** nobody and nogroup exist everywhere. */
const MAIL_UID = 65_534;

/** Why Dovecot's IMAP server cannot be run here; false when it can. */
export function missingDovecotImap(): string | false {
  if (!existsSync('/usr/lib/dovecot/imap')) return 'dovecot-imapd is not installed';
  return process.getuid?.() === 0 ? false : 'Dovecot wants to be started by root';
}

export interface DovecotServer {
  readonly port: number;
  /** Root of the Maildir of a user; any user name is let in. */
  maildir(user: string): string;
  stop(): Promise<void>;
}

export async function startDovecotImap(): Promise<DovecotServer> {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-dovecot-'));
  const mail = join(folder, 'mail');
  mkdirSync(mail);
  chmodSync(folder, 0o755);
  chownSync(mail, MAIL_UID, MAIL_UID);
  const port = await freePort();
  const config = join(folder, 'dovecot.conf');
  writeFileSync(
    config,
    `base_dir = ${folder}/run
state_dir = ${folder}/run
log_path = ${folder}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
first_valid_uid = 1
last_valid_uid = 0
passdb {
  driver = static
  args = password=${DOVECOT_PASSWORD}
}
userdb {
  driver = static
  args = uid=${MAIL_UID} gid=${MAIL_UID} home=${mail}/%u
}
namespace inbox {
  inbox = yes
}
service imap-login {
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
`,
  );
  const child = spawn('dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  await eventually('Dovecot answers', () => greeting(port));
  return {
    port,
    maildir: (user) => join(mail, user, 'Maildir'),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function greeting(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Gives files to the user that Dovecot serves mail as. */
export function handToDovecot(path: string): void {
  chownSync(path, MAIL_UID, MAIL_UID);
}
