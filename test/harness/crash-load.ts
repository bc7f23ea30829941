/**
 * Load whose every acknowledged message has a fate that can be checked afterwards: it goes to a next hop, into a mailbox,
 * or comes back as a bounce, each of them small or large.
 *
 * What was answered 250 must reach the next hop at least once, the mailbox exactly once, and a bounce its sender exactly
 * once; nothing may be left in the queue, and the reference counts must be right.
 */
import assert from 'node:assert/strict';
import { openStore, type Store } from '../../src/store/store.ts';
import { eventually } from './lab-process.ts';
import type { RecordingSink } from './recording-sink.ts';
import { administer } from './serve-process.ts';
import { SmtpDialogue } from './smtp-dialogue.ts';

export const CRASH_ACCOUNT = 'alice@local.example';
const LARGE_BYTES = 300_000;
/** Without any arrival. */
const SILENCE_LIMIT_MS = 60_000;
const DRAIN_LIMIT_MS = 240_000;

export type Fate = 'sent' | 'mailbox' | 'bounce';
const RECIPIENTS: Readonly<Record<Fate, string>> = { sent: 'b@sink.example', mailbox: CRASH_ACCOUNT, bounce: 'nobody@sink.example' };

/** Subject of each acknowledged message to what must become of it. */
export type Acknowledged = Map<string, Fate>;

export interface CrashLoad {
  readonly port: number;
  readonly random: () => number;
  readonly acknowledged: Acknowledged;
}

function fateOf(random: number): Fate {
  if (random < 0.2) return 'mailbox';
  return random < 0.4 ? 'bounce' : 'sent';
}

/** Sends until the connection breaks, or `enough` says so; what is answered 250 is remembered. */
export async function sendUntilBroken({ port, random, acknowledged }: CrashLoad, name: string, enough: () => boolean = () => false): Promise<void> {
  let dialogue: SmtpDialogue;
  try {
    dialogue = await SmtpDialogue.open('127.0.0.1', port);
  } catch {
    return;
  }
  dialogue.write('EHLO load.example\r\n');
  for (let expected = 2; expected > 0; expected -= 1) await dialogue.reply();
  for (let count = 0; !enough(); count += 1) {
    const subject = `${name}-${count}`;
    const fate = fateOf(random());
    for (const line of [`MAIL FROM:<${CRASH_ACCOUNT}>`, `RCPT TO:<${RECIPIENTS[fate]}>`, 'DATA']) {
      if ((await dialogue.say(line)) === '') return dialogue.close();
    }
    const lines = Math.ceil((random() < 0.05 ? LARGE_BYTES : 2000) / 78);
    const reply = await dialogue.say(`From: ${CRASH_ACCOUNT}\r\nSubject: ${subject}\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(lines)}.`);
    if (reply === '') return dialogue.close();
    if (reply.startsWith('250')) acknowledged.set(subject, fate);
  }
  dialogue.close();
}

export const subjectsOf = (acknowledged: Acknowledged, fate: Fate): string[] => [...acknowledged].filter(([, one]) => one === fate).map(([subject]) => subject);

/** How often each subject is in the mailbox, as a message and as the subject of a bounced one. */
async function readMailbox(store: Store): Promise<Record<'mailbox' | 'bounce', Map<string, number>>> {
  const found = { mailbox: new Map<string, number>(), bounce: new Map<string, number>() };
  for (let from = 0; ; ) {
    const messages = await store.mailboxes.list({ account: CRASH_ACCOUNT, folder: 'INBOX', from, limit: 1000 });
    if (messages.length === 0) return found;
    for (const { uid } of messages) {
      from = uid;
      const read = await store.mailboxes.read({ account: CRASH_ACCOUNT, folder: 'INBOX', uid });
      const text = (await read?.bytes.read())?.toString('latin1') ?? '';
      const subjects = [...text.matchAll(/^Subject: (.*?)\r?$/gm)].map((match) => match[1] ?? '');
      const isBounce = text.includes('\r\nContent-Type: multipart/report');
      const [map, subject] = isBounce ? [found.bounce, subjects.at(-1) ?? ''] : [found.mailbox, subjects[0] ?? ''];
      map.set(subject, (map.get(subject) ?? 0) + 1);
    }
  }
}

/** Asserts that mailbox, queue and reference counts are as they must be; the server must be stopped. */
export async function checkStore(dataDir: string, acknowledged: Acknowledged): Promise<void> {
  const store = await openStore(dataDir);
  try {
    const found = await readMailbox(store);
    for (const fate of ['mailbox', 'bounce'] as const) {
      const wrong = subjectsOf(acknowledged, fate).filter((subject) => found[fate].get(subject) !== 1);
      assert.deepEqual(wrong.map((subject) => [subject, found[fate].get(subject) ?? 0]), [], `each ${fate} must be in the mailbox exactly once`);
      const unasked = [...found[fate]].filter(([subject, count]) => count > 1 || (subject === '' && count > 0));
      assert.deepEqual(unasked, [], `what was not acknowledged may be in the mailbox, but once (${fate})`);
    }
    const waiting = (await store.queue.stats()).filter(({ state }) => state === 'queued' || state === 'held');
    assert.deepEqual(waiting, [], 'nobody is left in the queue');
    assert.deepEqual(await store.call('integrity.problems', undefined), []);
  } finally {
    await store.close();
  }
}

export function untilDrained(config: string): Promise<boolean> {
  const empty = async (): Promise<boolean> => !/"id"/.test((await administer(config, ['queue', 'list', '--json'])).stdout);
  return eventually('the queue is empty', empty, DRAIN_LIMIT_MS);
}

export interface CrashCount {
  readonly acknowledged: number;
  /** Reached the next hop, by their kind. */
  readonly delivered: number;
  readonly duplicated: number;
}

/** Waits until everything acknowledged has arrived; rejects with what is missing. */
export async function countArrivals(sink: RecordingSink, acknowledged: Acknowledged): Promise<CrashCount> {
  const sent = subjectsOf(acknowledged, 'sent');
  await sink.has(sent, SILENCE_LIMIT_MS);
  return { acknowledged: acknowledged.size, delivered: sent.length, duplicated: [...sink.subjects.values()].filter((count) => count > 1).length };
}
