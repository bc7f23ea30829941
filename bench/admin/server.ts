/** `posthorn serve` with the queue under test, mail that goes through it meanwhile, and commands that are measured. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync, readFileSync, closeSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { treeCpuSeconds } from '../relay/processes.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Mail to it goes on while the rest waits. */
export const LIVE_DOMAIN = 'live.example';

export interface RunningServer {
  readonly pid: number;
  readonly config: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Its mail goes to a relay that never speaks, but for that to LIVE_DOMAIN, which goes to the sink. */
export async function startServer(dir: string, address: string, ports: { readonly smtp: number; readonly hole: number; readonly sink: number }): Promise<RunningServer> {
  const config = join(dir, 'posthorn.toml');
  writeFileSync(
    config,
    `hostname = "mail.bench.example"
data-dir = "${join(dir, 'data')}"
[listen]
smtp = ["${address}:${ports.smtp}"]
[networks]
trusted = ["127.0.0.0/8"]
[relay]
host = "${address}"
port = ${ports.hole}
tls = "none"
[shaping]
enabled = false
[log]
file = "${join(dir, 'posthorn.log')}"
`,
  );
  const route = spawnSync(join(root, 'bin/posthorn'), ['route', 'add', LIVE_DOMAIN, '--to', `[${address}]:${ports.sink}`, '--tls', 'none', '--config', config], { encoding: 'utf8' });
  if (route.status !== 0) throw new Error(`posthorn route add: ${route.stderr}${route.stdout}`);
  const child = spawn(join(root, 'bin/posthorn'), ['serve', '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(child, 'exit').then(([status]) => Promise.reject(new Error(`posthorn ended with status ${status}`)));
  gone.catch(() => {});
  await Promise.race([answering(address, ports.smtp), gone]);
  return {
    pid: child.pid as number,
    config,
    port: ports.smtp,
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function answering(address: string, port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, address);
    const answered = await new Promise<boolean>((resolve) => socket.once('data', () => resolve(true)).once('error', () => resolve(false)));
    socket.destroy();
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface Measured {
  readonly seconds: number;
  /** Processor time: of the command, and of the server. */
  readonly commandMs: number;
  readonly serverMs: number;
  readonly status: number;
  readonly output: string;
}

/** Its output goes to a file; bash counts its processor time, with what it started. */
export async function measure(command: readonly string[], serverRoots: readonly number[], outputFile: string): Promise<Measured> {
  const before = treeCpuSeconds(serverRoots);
  const output = openSync(outputFile, 'w');
  const child = spawn('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@"', 'bash', ...command], { stdio: ['ignore', output, 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let told = '';
  child.stderr?.on('data', (text: Buffer) => (told += text.toString()));
  const [status] = (await once(child, 'close')) as [number];
  closeSync(output);
  const [seconds = 0, user = 0, system = 0] = (told.trimEnd().split('\n').at(-1) ?? '').split(' ').map(Number);
  return { seconds, commandMs: (user + system) * 1000, serverMs: (treeCpuSeconds(serverRoots) - before) * 1000, status, output: readFileSync(outputFile, 'utf8') };
}

/** Resolves when the process does next to nothing for half a second, or after `atMostMs`. */
export async function untilCalm(pid: number, atMostMs: number): Promise<void> {
  for (const end = performance.now() + atMostMs; performance.now() < end; ) {
    const before = runtimeMs(pid);
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (runtimeMs(pid) - before < 50) return;
  }
}

function runtimeMs(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  return sum;
}
