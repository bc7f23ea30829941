/** A server without network listeners, used through the commands as a user types them: sockets and files only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const bin = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin');
const COMMAND_TIMEOUT_MS = 60_000;

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Home {
  readonly folder = mkdtempSync(join(tmpdir(), 'ph-cli-'));
  readonly config = join(this.folder, 'posthorn.toml');
  readonly data = join(this.folder, 'data');
  #server: ChildProcess | undefined;

  constructor(extra = '') {
    writeFileSync(this.config, `hostname = "mail.example.org"\norigin = "example.org"\ndata-dir = "data"\n${extra}`);
  }

  /** `program` is a file of bin/. */
  async run(program: string, args: readonly string[], stdin: string | Buffer = '', environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const child = spawn(join(bin, program), args, {
      cwd: this.folder,
      env: { ...process.env, POSTHORN_CONFIG: this.config, TZ: 'UTC', ...environment },
      timeout: COMMAND_TIMEOUT_MS,
    });
    const output: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
    child.stdout.on('data', (chunk: Buffer) => output.stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => output.stderr.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin);
    const [status] = (await once(child, 'close')) as [number | null];
    return { status: status ?? -1, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
  }

  posthorn(args: readonly string[], stdin: string | Buffer = ''): Promise<Outcome> {
    return this.run('posthorn', args, stdin);
  }

  /** Also of a command that ends with bad news, which it tells as JSON. */
  async json<T>(args: readonly string[]): Promise<T> {
    const { status, stdout, stderr } = await this.posthorn([...args, '--json']);
    if (stdout === '') throw new Error(`posthorn ${args.join(' ')}: status ${status}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Resolves when the server says that it is ready. */
  async start(): Promise<void> {
    const child = spawn(join(bin, 'posthorn'), ['serve'], { cwd: this.folder, env: { ...process.env, POSTHORN_CONFIG: this.config }, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#server = child;
    const lines = createInterface({ input: child.stderr });
    const seen: string[] = [];
    for await (const line of lines) {
      seen.push(line);
      if (line.includes('server.ready')) {
        // Keep reading, so that the log never blocks the server.
        child.stderr.resume();
        return;
      }
    }
    throw new Error(`the server ended: ${seen.join('\n')}`);
  }

  get pid(): number | undefined {
    return this.#server?.pid;
  }

  async stop(): Promise<void> {
    const child = this.#server;
    this.#server = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The messages of a folder, once there are `count`. */
  async messages(account: string, count: number): Promise<readonly ListedMessage[]> {
    for (let tries = 0; tries < 60; tries += 1) {
      const { messages } = await this.json<{ messages: readonly ListedMessage[] }>(['mail', 'list', '--account', account]);
      if (messages.length >= count) return messages;
    }
    throw new Error(`${account} never had ${count} messages`);
  }
}

export interface ListedMessage {
  readonly number: number;
  readonly uid: number;
  readonly subject: string;
  readonly seen: boolean;
  readonly flags: readonly string[];
  readonly from: readonly { readonly name: string; readonly address: string }[];
}
