/**
 * Load whose every acknowledged message has a fate that can be checked afterwards: it goes to a next hop, into a mailbox,
 * comes back as a bounce, or is forwarded (an alias with a mailbox and an address elsewhere, which the sender wants to be
 * told about: two messages and three recipients in one commit), each of them small or large.
 *
 * What was answered 250 must reach the next hop at least once, the mailbox exactly once, and a bounce or a report its
 * sender exactly once; nothing may be left in the queue, and the reference counts must be right.
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

export type Fate = 'sent' | 'mailbox' | 'bounce' | 'forwarded';
/** Leads to CRASH_ACCOUNT and to the next hop. */
export const CRASH_ALIAS = 'team@local.example';
const NEXT_HOP_ADDRESS = 'b@sink.example';
export const CRASH_ALIAS_TARGETS = [CRASH_ACCOUNT, NEXT_HOP_ADDRESS];
const RECIPIENTS: Readonly<Record<Fate, string>> = {
  sent: `<${NEXT_HOP_ADDRESS}>`,
  mailbox: `<${CRASH_ACCOUNT}>`,
  bounce: '<nobody@sink.example>',
  // RFC 3461 §5.2.7.2: who asks for success and an alias with several members is told that it was expanded.
  forwarded: `<${CRASH_ALIAS}> NOTIFY=SUCCESS`,
};

/** Subject of each acknowledged message to what must become of it. */
export type Acknowledged = Map<string, Fate>;

export interface CrashLoad {
  readonly port: number;
  readonly random: () => number;
  readonly acknowledged: Acknowledged;
  /** Half of it goes to CRASH_ALIAS, which must be there. Default false. */
  readonly forwarding?: boolean;
}

function fateOf(random: number, forwarding: boolean): Fate {
  if (forwarding) return random < 0.5 ? 'forwarded' : fateOf((random - 0.5) * 2, false);
  if (random < 0.2) return 'mailbox';
  return random < 0.4 ? 'bounce' : 'sent';
}

/** Sends until the connection breaks, or `enough` says so; what is answered 250 is remembered. */
export async function sendUntilBroken({ port, random, acknowledged, forwarding = false }: CrashLoad, name: string, enough: () => boolean = () => false): Promise<void> {
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
    const fate = fateOf(random(), forwarding);
    for (const line of [`MAIL FROM:<${CRASH_ACCOUNT}>`, `RCPT TO:${RECIPIENTS[fate]}`, 'DATA']) {
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

type Found = Record<'mailbox' | 'bounce' | 'expanded' | 'delayed', Map<string, number>>;

/** RFC 3464 §2.3.3; what is no report is the message itself. */
function kindOf(text: string): keyof Found {
  if (!text.includes('\r\nContent-Type: multipart/report')) return 'mailbox';
  const action = /^Action: (\w+)/m.exec(text)?.[1];
  return action === 'expanded' || action === 'delayed' ? action : 'bounce';
}

/** How often each subject is in the mailbox, as a message and as what a report is about. */
async function readMailbox(store: Store): Promise<Found> {
  const found: Found = { mailbox: new Map(), bounce: new Map(), expanded: new Map(), delayed: new Map() };
  for (let from = 0; ; ) {
    const messages = await store.mailboxes.list({ account: CRASH_ACCOUNT, folder: 'INBOX', from, limit: 1000 });
    if (messages.length === 0) return found;
    for (const { uid } of messages) {
      from = uid;
      const read = await store.mailboxes.read({ account: CRASH_ACCOUNT, folder: 'INBOX', uid });
      const text = (await read?.bytes.read())?.toString('latin1') ?? '';
      const subjects = [...text.matchAll(/^Subject: (.*?)\r?$/gm)].map((match) => match[1] ?? '');
      const kind = kindOf(text);
      const map = found[kind];
      const subject = (kind === 'mailbox' ? subjects[0] : subjects.at(-1)) ?? '';
      map.set(subject, (map.get(subject) ?? 0) + 1);
    }
  }
}

/** Asserts that mailbox, queue and reference counts are as they must be; the server must be stopped. */
export async function checkStore(dataDir: string, acknowledged: Acknowledged): Promise<void> {
  const store = await openStore(dataDir);
  try {
    const found = await readMailbox(store);
    for (const [fate, kind] of [['mailbox', 'mailbox'], ['bounce', 'bounce'], ['forwarded', 'mailbox'], ['forwarded', 'expanded']] as const) {
      const wrong = subjectsOf(acknowledged, fate).filter((subject) => found[kind].get(subject) !== 1);
      assert.deepEqual(wrong.map((subject) => [subject, found[kind].get(subject) ?? 0]), [], `each ${fate} must be in the mailbox exactly once (${kind})`);
    }
    for (const [kind, subjects] of Object.entries(found)) {
      const unasked = [...subjects].filter(([subject, count]) => count > 1 || (subject === '' && count > 0));
      assert.deepEqual(unasked, [], `what was not acknowledged may be in the mailbox, but once (${kind})`);
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
  const sent = [...subjectsOf(acknowledged, 'sent'), ...subjectsOf(acknowledged, 'forwarded')];
  await sink.has(sent, SILENCE_LIMIT_MS);
  return { acknowledged: acknowledged.size, delivered: sent.length, duplicated: [...sink.subjects.values()].filter((count) => count > 1).length };
}
