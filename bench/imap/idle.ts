/** Many sessions that wait in IDLE on one mailbox: what each costs in memory, and how soon all hear of a new message. */
import { connect } from 'node:net';
import { treeMemoryMb } from '../relay/processes.ts';
import type { ImapConnection } from './connection.ts';
import { USER, type ImapContestant } from './contestants.ts';
import { LARGE, logIn } from './load.ts';
import { benchMessage } from './messages.ts';

const ROUNDS = 10;
const SETTLE_MS = 2000;
const NEWS_TIMEOUT_MS = 30_000;
const BATCH = 50;

export interface IdleFigures {
  /** Kilobytes of the server's memory, shared pages counted once. */
  readonly kilobytesPerSession: number;
  /** From APPEND sent to EXISTS told, milliseconds: the first and the last of all sessions, median of the rounds. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** From the end of data of a delivery by LMTP to EXISTS, one session, median. */
  readonly deliveryMs: number;
}

export async function measureIdle(server: ImapContestant, sessions: number, mailbox = LARGE): Promise<IdleFigures> {
  const writer = await logIn(server);
  // What the first session brings along is not a session's cost.
  const before = await settledMemory(server);
  const connections: ImapConnection[] = [];
  const idles: { done(): Promise<void> }[] = [];
  let heard: () => void = () => {};
  for (let opened = 0; opened < sessions; opened += BATCH) {
    await Promise.all(Array.from({ length: Math.min(BATCH, sessions - opened) }, async () => {
      const connection = await logIn(server);
      await connection.command(`SELECT ${mailbox}`);
      idles.push(await connection.idle((text) => {
        if (text.includes(' EXISTS')) heard();
      }));
      connections.push(connection);
    }));
  }
  const kilobytesPerSession = ((await settledMemory(server)) - before) * 1000 / sessions;
  const round = async (send: () => Promise<unknown>, expected: number): Promise<readonly [number, number]> => {
    let first = 0;
    let left = expected;
    const startedAt = performance.now();
    const all = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${left} of ${expected} sessions heard nothing`)), NEWS_TIMEOUT_MS);
      heard = () => {
        first ||= performance.now() - startedAt;
        left -= 1;
        if (left > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
    await Promise.all([send(), all]);
    return [first, performance.now() - startedAt];
  };
  const rounds: (readonly [number, number])[] = [];
  for (let at = 0; at < ROUNDS; at += 1) rounds.push(await round(() => writer.command(`APPEND ${mailbox} \0`, [benchMessage(at).bytes]), sessions));
  await Promise.all(idles.map((idle) => idle.done()));
  for (const connection of connections) connection.close();
  const deliveryMs = await measureDelivery(server, writer);
  writer.close();
  return { kilobytesPerSession, firstMs: median(rounds.map(([first]) => first)), lastMs: median(rounds.map(([, last]) => last)), deliveryMs };
}

async function measureDelivery(server: ImapContestant, session: ImapConnection): Promise<number> {
  await session.command('SELECT INBOX');
  const times: number[] = [];
  let notify: () => void = () => {};
  const idle = await session.idle((text) => {
    if (text.includes(' EXISTS')) notify();
  });
  for (let at = 0; at < ROUNDS; at += 1) {
    const told = new Promise<void>((resolve) => (notify = resolve));
    const sentAt = await deliver(server.lmtpPort, benchMessage(at).bytes);
    await told;
    times.push(performance.now() - sentAt);
  }
  await idle.done();
  return median(times);
}

/** One message by LMTP; resolves to the moment the end of data was sent. */
function deliver(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let sentAt = 0;
    const steps = ['LHLO bench.example\r\n', 'MAIL FROM:<sender@example.net>\r\n', `RCPT TO:<${USER}>\r\n`, 'DATA\r\n'];
    let text = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!/(?:^|\n)[0-9]{3} [^\n]*\n$/.test(text)) return;
      const reply = text;
      text = '';
      if (!/^[23]/.test(reply)) return void reject(new Error(reply.trim()));
      const step = steps.shift();
      if (step !== undefined) return void socket.write(step);
      if (sentAt === 0) {
        sentAt = performance.now();
        socket.write(bytes);
        socket.write('.\r\n');
        return;
      }
      socket.end('QUIT\r\n');
      resolve(sentAt);
    });
  });
}

async function settledMemory(server: ImapContestant): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return treeMemoryMb(server.pid);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
