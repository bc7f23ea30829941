/** The load: Debian's smtp-source for rates, smtp-sink as the next hop, and a small client of our own for acceptance times. */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A connection to the sink may rest for so long: a contest takes minutes, and its own limit of 100 s looks like a failure. */
const SINK_TIMEOUT_S = 3600;

export interface LoadShape {
  readonly messages: number;
  readonly sessions: number;
  readonly messageBytes: number;
  /** One connection for many messages, instead of one each. */
  readonly reuse: boolean;
}

/** Seconds that smtp-source took until the last message was acknowledged. */
export async function sendWithSmtpSource(port: number, shape: LoadShape): Promise<number> {
  const args = ['-s', String(shape.sessions), '-l', String(shape.messageBytes), '-m', String(shape.messages)];
  if (shape.reuse) args.push('-d');
  args.push('-f', 'sender@bench.example', '-t', 'recipient@sink.example', `127.0.0.1:${port}`);
  const startedAt = performance.now();
  const source = spawn('smtp-source', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(source, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`smtp-source ended with status ${status}`);
  return (performance.now() - startedAt) / 1000;
}

export interface Sink {
  readonly port: number;
  /** Messages received so far. */
  count(): number;
  /** Resolves with performance.now() of the moment when `messages` more than at `since` had arrived. */
  reached(target: number, timeoutMs: number): Promise<number>;
  stop(): Promise<void>;
}

/** smtp-sink prints its running counter; the newest number is the count. */
export async function startSmtpSink(port: number): Promise<Sink> {
  const args = ['-u', 'nobody', '-c', '-t', String(SINK_TIMEOUT_S), `127.0.0.1:${port}`, '1024'];
  const child: ChildProcess = spawn('smtp-sink', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let count = 0;
  let tail = '';
  let ended = false;
  const waiting = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1')).slice(-200);
    const newest = tail.match(/mesg=\d+(?=\D)/g)?.at(-1);
    if (newest) count = Math.max(count, Number(newest.slice('mesg='.length)));
    for (const check of waiting) check();
  });
  const gone = once(child, 'exit');
  child.once('exit', () => {
    ended = true;
    for (const check of waiting) check();
  });
  await waitForPort(port);
  return {
    port,
    count: () => count,
    reached: (target, timeoutMs) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(deadline);
          waiting.delete(check);
        };
        const fail = (why: string): void => {
          settle();
          reject(new Error(`the sink got ${count} of ${target} messages: ${why}`));
        };
        const check = (): void => {
          if (count < target) return ended ? fail('it ended') : undefined;
          settle();
          resolve(performance.now());
        };
        const deadline = setTimeout(() => fail(`no more came in ${timeoutMs / 1000} s`), timeoutMs);
        waiting.add(check);
        check();
      }),
    stop: async () => {
      child.kill();
      await gone;
    },
  };
}

/** What the next hop gets of a few messages: whole, as text. */
export async function relayedMessages(port: number, sinkPort: number, folder: string): Promise<string[]> {
  const count = 5;
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o777);
  const sink = spawn('smtp-sink', ['-u', 'nobody', '-d', join(folder, '%M.'), `127.0.0.1:${sinkPort}`, '64'], { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = once(sink, 'exit');
  try {
    await waitForPort(sinkPort);
    await sendWithSmtpSource(port, { messages: count, sessions: 1, messageBytes: 2000, reuse: false });
    const until = performance.now() + 20_000;
    for (;;) {
      const messages = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
      // The sink writes as it reads: the last line of a whole message is there.
      if (messages.length >= count && messages.every((text) => text.length > 2000)) return messages;
      if (performance.now() > until) throw new Error(`the sink got ${messages.length} of ${count} messages`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    sink.kill();
    await gone;
  }
}

/** Resolves when something answers on the port with an SMTP greeting. */
export async function waitForPort(port: number, timeoutMs = 20_000): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (performance.now() < until) {
    const socket = connect(port, '127.0.0.1');
    const answered = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    }).finally(() => socket.destroy());
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers on 127.0.0.1:${port} after ${timeoutMs / 1000} s`);
}

/** Milliseconds from the final dot to its 250, for each message, sorted. */
export async function measureAcceptance(port: number, shape: LoadShape): Promise<number[]> {
  const times: number[] = [];
  let rest = shape.messages;
  const body = `From: <sender@bench.example>\r\nSubject: bench\r\n\r\n${`${'x'.repeat(78)}\r\n`.repeat(Math.floor(shape.messageBytes / 80))}`;
  const session = async (): Promise<void> => {
    while (rest > 0) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const reader = createInterface({ input: socket });
      // Whoever waits for a reply hears of it; after QUIT nobody does.
      reader.on('error', () => {});
      const lines = reader[Symbol.asyncIterator]();
      const reply = async (): Promise<void> => {
        for (;;) {
          const { value, done } = await lines.next();
          if (done) throw new Error('the server closed the connection');
          if (value[3] !== '-') {
            if (value.charAt(0) > '3') throw new Error(`the server said ${value}`);
            return;
          }
        }
      };
      const command = async (text: string): Promise<void> => {
        socket.write(text);
        await reply();
      };
      await reply();
      await command('EHLO bench.example\r\n');
      do {
        rest -= 1;
        await command('MAIL FROM:<sender@bench.example>\r\n');
        await command('RCPT TO:<recipient@sink.example>\r\n');
        await command('DATA\r\n');
        const startedAt = performance.now();
        await command(`${body}.\r\n`);
        times.push(performance.now() - startedAt);
      } while (shape.reuse && rest > 0);
      socket.end('QUIT\r\n');
    }
  };
  await Promise.all(Array.from({ length: shape.sessions }, session));
  return times.sort((a, b) => a - b);
}
