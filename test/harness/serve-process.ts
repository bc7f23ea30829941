/** `bin/posthorn serve` in a process of its own, as an administrator runs it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { eventually, posthorn, runCommand, type CommandResult } from './lab-process.ts';

export { freePort } from './free-place.ts';

export interface RelaySetup {
  /** The configuration is written here. */
  readonly file: string;
  readonly dataDir: string;
  readonly port: number;
  /** On 127.0.0.1; takes all mail for other domains. */
  readonly nextHopPort: number;
  /** More lines of TOML, sections that are not in use here. */
  readonly more?: string;
  readonly logFile?: string;
  /** More lines of the section `listen`. */
  readonly listen?: string;
}

/** A server that relays for this machine and tries again every second. */
export function writeRelayConfig({ file, dataDir, port, nextHopPort, more = '', logFile = join(dirname(file), 'log'), listen = '' }: RelaySetup): void {
  writeFileSync(
    file,
    `hostname = "mail.serve.example"\ndata-dir = "${dataDir}"\n${more.startsWith('[') ? '' : more}[listen]\nsmtp = ["127.0.0.1:${port}"]\n${listen}` +
      `[networks]\ntrusted = ["127.0.0.0/8"]\n[relay]\nhost = "127.0.0.1"\nport = ${nextHopPort}\ntls = "none"\n` +
      `[queue]\nretry-min = "1s"\nretry-max = "5s"\n[log]\nfile = "${logFile}"\n${more.startsWith('[') ? more : ''}`,
  );
}

/** Resolves when it greets on `port`. */
export async function startServe(config: string, port: number): Promise<ChildProcess> {
  const child = spawn(posthorn, ['serve', '--config', config], { stdio: ['ignore', 'ignore', 'inherit'] });
  await eventually('the server answers', async () => {
    assert.equal(child.exitCode, null, 'the server ended by itself');
    const socket = connect(port, '127.0.0.1');
    const answered = await Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]).catch(() => false);
    socket.destroy();
    return answered;
  });
  return child;
}

/** Resolves with exit status and signal. */
export async function endServe(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly [number | null, string | null]> {
  const gone = once(child, 'exit');
  child.kill(signal);
  const [status, by] = (await gone) as [number | null, string | null];
  return [status, by];
}

/** `posthorn ARGS --config FILE`. */
export function administer(config: string, args: readonly string[], stdin?: string): Promise<CommandResult> {
  return runCommand(posthorn, [...args, '--config', config], { stdin });
}
