/** The two servers under test, each in a folder of its own, relaying everything to the sink. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { treeMemoryMb } from './processes.ts';
import { waitForPort } from './load.ts';
import { SIGNED_DOMAIN, startOpenDkim } from './open-dkim.ts';

export interface Contestant {
  readonly name: string;
  readonly port: number;
  /** Root of its process tree. */
  readonly pid: number;
  /** All that works for it: its own tree, and that of its milter. */
  readonly roots: readonly number[];
  readonly startSeconds: number;
  readonly idleMemoryMb: number;
  stop(): Promise<void>;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
/** After start, before the idle memory is read. */
const SETTLE_MS = 1500;
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLE_MS));

export type Contest = 'plain' | 'signed';

/** Debian's Postfix with its default durability, as an instance of its own below `dir`; signs through OpenDKIM or has no milter. */
export async function startPostfix(dir: string, port: number, sinkPort: number, contest: Contest): Promise<Contestant> {
  const milter = contest === 'signed' ? await startOpenDkim(dir, port + 100) : undefined;
  const config = join(dir, 'postfix');
  const queue = join(dir, 'postfix-queue');
  const data = join(dir, 'postfix-data');
  for (const folder of [config, queue, data]) mkdirSync(folder, { recursive: true });
  const owner = Number(spawnSync('id', ['-u', 'postfix'], { encoding: 'utf8' }).stdout);
  chownSync(data, owner, 0);
  chmodSync(dir, 0o755);
  writeFileSync(join(config, 'main.cf'), postfixMain({ config, queue, data, sinkPort, milter: milter?.address ?? '' }));
  writeFileSync(join(config, 'master.cf'), postfixMaster(port));
  for (const file of ['dynamicmaps.cf', 'postfix-files']) {
    if (existsSync(`/etc/postfix/${file}`)) copyFileSync(`/etc/postfix/${file}`, join(config, file));
  }
  const startedAt = performance.now();
  const started = spawnSync('postfix', ['-c', config, 'start'], { encoding: 'utf8' });
  if (started.status !== 0) throw new Error(`postfix did not start: ${started.stderr}${started.stdout}`);
  await waitForPort(port);
  const startSeconds = (performance.now() - startedAt) / 1000;
  await settle();
  const pid = Number(readFileSync(join(queue, 'pid/master.pid'), 'latin1').trim());
  return {
    name: 'Postfix',
    port,
    pid,
    roots: [pid, ...(milter ? [milter.pid] : [])],
    startSeconds,
    idleMemoryMb: treeMemoryMb(pid) + (milter ? treeMemoryMb(milter.pid) : 0),
    stop: async () => {
      spawnSync('postfix', ['-c', config, 'stop']);
      await milter?.stop();
    },
  };
}

function postfixMain(at: { config: string; queue: string; data: string; sinkPort: number; milter: string }): string {
  return `compatibility_level = 3.6
config_directory = ${at.config}
queue_directory = ${at.queue}
data_directory = ${at.data}
myhostname = mail.bench.example
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
local_transport = error:no local mail here
relayhost = [127.0.0.1]:${at.sinkPort}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtp_tls_security_level = none
smtpd_milters = ${at.milter}
alias_maps =
alias_database =
maillog_file = ${join(at.queue, 'maillog')}
maillog_file_prefixes = ${at.queue}
`;
}

function postfixMaster(port: number): string {
  return `127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
showq unix n - n - - showq
`;
}

/** This checkout's server as a relay without accounts; signs with the key of a domain or has none. */
export async function startPosthorn(dir: string, port: number, sinkPort: number, contest: Contest): Promise<Contestant> {
  const config = join(dir, 'posthorn.toml');
  writeFileSync(
    config,
    `hostname = "mail.bench.example"
data-dir = "${join(dir, 'posthorn')}"
[listen]
smtp = ["127.0.0.1:${port}"]
[networks]
trusted = ["127.0.0.0/8"]
[relay]
host = "127.0.0.1"
port = ${sinkPort}
tls = "none"
[dkim]
sign = ["rsa"]
[log]
file = "${join(dir, 'posthorn.log')}"
`,
  );
  if (contest === 'signed') {
    const made = spawnSync(join(root, 'bin/posthorn'), ['domain', 'add', SIGNED_DOMAIN, '--config', config], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`posthorn domain add: ${made.stderr}${made.stdout}`);
  }
  const startedAt = performance.now();
  const child = spawn(join(root, 'bin/posthorn'), ['serve', '--config', config], { stdio: ['ignore', 'inherit', 'inherit'] });
  const gone = once(child, 'exit');
  await Promise.race([waitForPort(port), gone.then(([status]) => Promise.reject(new Error(`posthorn ended with status ${status}`)))]);
  const startSeconds = (performance.now() - startedAt) / 1000;
  await settle();
  const pid = child.pid as number;
  return {
    name: 'Posthorn',
    port,
    pid,
    roots: [pid],
    startSeconds,
    idleMemoryMb: treeMemoryMb(pid),
    stop: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function onPath(name: string): boolean {
  return ['/usr/sbin', '/usr/bin', '/usr/local/bin'].some((folder) => existsSync(join(folder, name)));
}

/** What this machine lacks for the comparison, each with the package that brings it. */
export function missingTools(contests: readonly Contest[]): string[] {
  const lacks: string[] = [];
  if (contests.includes('signed') && !onPath('opendkim')) lacks.push('opendkim (Debian package opendkim)');
  for (const name of ['smtp-source', 'smtp-sink', 'postfix']) {
    if (!onPath(name)) lacks.push(`${name} (Debian package postfix)`);
  }
  if (process.getuid?.() !== 0) lacks.push('root, to start an instance of Postfix');
  if (existsSync('/dev/shm') && statSync('/tmp').dev === statSync('/dev/shm').dev) lacks.push('a disk: the folder is in memory, give --dir');
  return lacks;
}
