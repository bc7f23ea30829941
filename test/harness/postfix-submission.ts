/** Debian's Postfix as a submission server on loopback that asks a Dovecot auth service who its clients are. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './serve-process.ts';

export interface PostfixSubmission {
  readonly port: number;
  log(): string;
  stop(): void;
}

/** Makes the folders of an instance; the auth socket lies in `private`, which belongs to Postfix. */
export function preparePostfix(): { readonly folder: string; readonly authSocket: string } {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-postfix-'));
  chmodSync(folder, 0o755);
  const owner = Number(execFileSync('id', ['-u', 'postfix'], { encoding: 'utf8' }));
  for (const name of ['etc', 'queue', 'queue/private', 'data']) mkdirSync(join(folder, name));
  chownSync(join(folder, 'data'), owner, 0);
  chownSync(join(folder, 'queue/private'), owner, 0);
  chmodSync(join(folder, 'queue/private'), 0o700);
  return { folder, authSocket: join(folder, 'queue/private/auth') };
}

/** `path` as Postfix names it: relative to its queue folder, or `inet:127.0.0.1:port`. */
export async function startPostfixSubmission(folder: string, path: string): Promise<PostfixSubmission> {
  const port = await freePort();
  const config = join(folder, 'etc');
  const queue = join(folder, 'queue');
  writeFileSync(
    join(config, 'main.cf'),
    `compatibility_level = 3.6\nconfig_directory = ${config}\nqueue_directory = ${queue}\ndata_directory = ${join(folder, 'data')}\nmyhostname = mail.peer.example\n` +
      `mynetworks =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmydestination =\nlocal_transport = error:none\nsmtpd_relay_restrictions = permit_sasl_authenticated, reject\n` +
      `smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = ${path}\nsmtpd_tls_security_level = none\ndefault_transport = discard:\nrelay_transport = discard:\n` +
      `alias_maps =\nalias_database =\nmaillog_file = ${queue}/maillog\nmaillog_file_prefixes = ${queue}\nsmtpd_peername_lookup = no\n`,
  );
  writeFileSync(
    join(config, 'master.cf'),
    `127.0.0.1:${port} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\ntlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n` +
      `defer unix - - n - 0 bounce\nproxymap unix - - n - - proxymap\nerror unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\nanvil unix - - n - 1 anvil\npostlog unix-dgram n - n - 1 postlogd\n`,
  );
  for (const file of ['dynamicmaps.cf', 'postfix-files']) if (existsSync(`/etc/postfix/${file}`)) copyFileSync(`/etc/postfix/${file}`, join(config, file));
  const started = spawnSync('postfix', ['-c', config, 'start'], { encoding: 'utf8' });
  if (started.status !== 0) throw new Error(`postfix did not start: ${started.stderr}${started.stdout}`);
  return {
    port,
    log: () => readFileSync(join(queue, 'maillog'), 'utf8'),
    stop: () => {
      spawnSync('postfix', ['-c', config, 'stop']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
