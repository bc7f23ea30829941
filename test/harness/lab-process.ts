/**
 * A lab as a user starts it: `bin/posthorn lab --json` in a process of its own, on loopback addresses that no other test
 * uses, with a folder that is removed at the end.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freeLoopback } from './free-place.ts';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const posthorn = join(projectRoot, 'bin/posthorn');

/** For what hangs; a busy machine has its time. */
const READY_TIMEOUT_MS = 60_000;
const COMMAND_TIMEOUT_MS = 60_000;
const EVENT_TIMEOUT_MS = 60_000;

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The ready line of `posthorn lab --json`. */
export interface LabReady {
  readonly ready: true;
  readonly pid: number;
  readonly dir: string;
  readonly config: string;
  readonly smtp: Endpoint;
  readonly submission: Endpoint;
  readonly submissions: Endpoint;
  readonly imap: Endpoint;
  readonly imaps: Endpoint;
  readonly pop3: Endpoint;
  readonly pop3s: Endpoint;
  /** ManageSieve. */
  readonly sieve: Endpoint;
  readonly http: { readonly url: string };
  readonly dns: Endpoint;
  readonly ca: string;
  readonly accounts: readonly { readonly address: string; readonly password: string }[];
  readonly providers: readonly { readonly name: string; readonly domains: readonly string[]; readonly mx: Endpoint & { readonly address: string }; readonly imap: Endpoint & { readonly password: string } }[];
}

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LabProcess {
  readonly ready: LabReady;
  readonly child: ChildProcess;
  /** Runs `posthorn ARGS` against this lab. */
  run(args: readonly string[], stdin?: string): Promise<CommandResult>;
  /** As `run`, parsed as JSON; throws with stderr when it fails. */
  json<T>(args: readonly string[], stdin?: string): Promise<T>;
  stop(): Promise<void>;
}

const LOOPBACK_ATTEMPTS = 4;

/** On addresses of its own: when a lab that no test has started has them, on others. */
export async function startLab(options: LabStart = {}): Promise<LabProcess> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await startLabOn(options.loopback ?? (await freeLoopback()), options);
    } catch (error) {
      const taken = /listens there|EADDRINUSE/.test(String(error));
      if (!taken || options.loopback !== undefined || attempt === LOOPBACK_ATTEMPTS) throw error;
    }
  }
}

interface LabStart {
  /** Tables to add to the lab's posthorn.toml. */
  readonly settings?: string;
  readonly dir?: string;
  readonly loopback?: string;
  readonly args?: readonly string[];
}

async function startLabOn(loopback: string, options: LabStart): Promise<LabProcess> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'posthorn-test-'));
  const settings = join(dir, 'settings.toml');
  if (options.settings !== undefined) writeFileSync(settings, options.settings);
  const args = ['lab', '--json', '--dir', dir, '--loopback', loopback, ...(options.settings === undefined ? [] : ['--settings', settings]), ...(options.args ?? [])];
  const child = spawn(posthorn, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-20_000);
  });
  const ready = await firstLine(child, () => stderr).catch((error: unknown) => {
    // A lab that is not ready in time would keep the test waiting for ever.
    child.kill('SIGKILL');
    throw error;
  });
  const run = (commandArgs: readonly string[], stdin?: string): Promise<CommandResult> =>
    runCommand(posthorn, [...commandArgs], { stdin, env: { POSTHORN_CONFIG: ready.config } });
  return {
    ready,
    child,
    run,
    json: async (commandArgs, stdin) => {
      const result = await run([...commandArgs, '--json'], stdin);
      if (result.stdout === '') throw new Error(`posthorn ${commandArgs.join(' ')}: status ${result.status}: ${result.stderr}`);
      return JSON.parse(result.stdout);
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit');
        child.kill('SIGTERM');
        await gone;
      }
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function firstLine(child: ChildProcess, stderr: () => string): Promise<LabReady> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  const line = once(lines, 'line').then(([text]) => text as string);
  const gone = once(child, 'exit').then(([status]) => Promise.reject(new Error(`the lab ended with status ${status}: ${stderr()}`)));
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`the lab was not ready in ${READY_TIMEOUT_MS / 1000} s: ${stderr()}`)), READY_TIMEOUT_MS).unref();
  });
  return JSON.parse(await Promise.race([line, gone, late])) as LabReady;
}

export async function runCommand(
  command: string,
  args: readonly string[],
  options: { stdin?: string | undefined; env?: Record<string, string>; cwd?: string } = {},
): Promise<CommandResult> {
  const child = spawn(command, args, { env: { ...process.env, ...options.env }, cwd: options.cwd, timeout: COMMAND_TIMEOUT_MS });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  const [status] = (await once(child, 'close')) as [number | null];
  return { status: status ?? -1, stdout, stderr };
}

/** Polls a condition that only another process can tell, with a deadline; returns its first truthy answer. */
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false>, timeoutMs = EVENT_TIMEOUT_MS): Promise<T> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > until) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
