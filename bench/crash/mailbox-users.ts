/**
 * Users of mailboxes at work: mail programs over IMAP, POP3 and ManageSieve, and mail that arrives for them. Each goes on
 * until the server is gone, connects again when only its connection ended, and writes into the ledger what it asked for
 * and what was acknowledged.
 */
import assert from 'node:assert/strict';
import { ImapDialogue } from '../../test/harness/imap-dialogue.ts';
import { RawClient } from '../../test/harness/raw-client.ts';
import { sendMessage } from '../../test/harness/smtp-dialogue.ts';
import type { Known, MailboxLedger, Place } from './mailbox-ledger.ts';
import { sleepReal } from './waiting.ts';

export const MAILBOX_PASSWORD = 'a long secret';
/** Of the IMAP users together; deliveries come here too. */
export const SHARED_ACCOUNT = 'office@local.example';
export const POP_ACCOUNT = 'pop@local.example';
/** May keep little, and is always full. */
export const FULL_ACCOUNT = 'full@local.example';
export const SCRIPT_NAME = 'crash';
/** In every message, for searches. */
export const COMMON_WORD = 'kontrabass';
const HOST = '127.0.0.1';
const IMAP_USERS = 4;
const LARGE_BYTES = 300_000;
/** Each user keeps about this many messages. */
const OWN_MAX = 12;
/** After a refusal or a lost connection. */
const PAUSE_MS = 30;

export interface MailboxPorts {
  readonly smtp: number;
  readonly imap: number;
  readonly pop3: number;
  readonly sieve: number;
}

export interface MailboxSite {
  readonly ports: MailboxPorts;
  readonly random: () => number;
  /** Of SHARED_ACCOUNT. */
  readonly ledger: MailboxLedger;
  /** Of POP_ACCOUNT. */
  readonly popLedger: MailboxLedger;
  /** Versions of the script that may be the stored one. */
  scriptVersions: ReadonlySet<number>;
}

export function messageText(subject: string, large = false): string {
  return `From: a@load.example\r\nSubject: ${subject}\r\n\r\n${COMMON_WORD} ${wordOf(subject)}\r\n${large ? `${'x'.repeat(76)}\r\n`.repeat(LARGE_BYTES / 78) : ''}`;
}

/** A word that only this message has. */
export function wordOf(subject: string): string {
  return `q${Buffer.from(subject).toString('hex')}q`;
}

/** Once. */
export async function createFolders({ ports }: MailboxSite): Promise<void> {
  const client = await logInOverImap(ports.imap, SHARED_ACCOUNT);
  assert.match(await client.result('CREATE Work'), /^OK/);
  client.close();
}

/** Resolves when all have noticed that the server is gone; rejects when an answer contradicts the ledger. */
export async function useMailboxes(site: MailboxSite, name: string, alive: () => boolean): Promise<void> {
  const again = (session: (name: string) => Promise<void>, who: string): Promise<void> => untilGone(session, `${name}-${who}`, alive);
  await Promise.all([
    ...Array.from({ length: IMAP_USERS }, (_, index) => again((session) => new ImapUser(site, session).work(alive), `imap${index}`)),
    again((session) => deliver(site, session, SHARED_ACCOUNT, alive), 'office'),
    again((session) => deliver(site, session, POP_ACCOUNT, alive), 'pop'),
    again(() => collect(site), 'collect'),
    again(() => changeScript(site, alive), 'sieve'),
    again((session) => fillUp(site, session, alive), 'full'),
  ]);
}

async function untilGone(session: (name: string) => Promise<void>, name: string, alive: () => boolean): Promise<void> {
  for (let count = 0; alive(); count += 1) {
    try {
      await session(`${name}.${count}`);
    } catch (error) {
      // What was heard is wrong; anything else is a connection that ended.
      if (error instanceof assert.AssertionError) throw error;
    }
    await sleepReal(PAUSE_MS);
  }
}

export async function logInOverImap(port: number, account: string): Promise<ImapDialogue> {
  const client = await ImapDialogue.open(HOST, port);
  await client.line();
  if (!(await client.result(`LOGIN ${account} "${MAILBOX_PASSWORD}"`)).startsWith('OK')) {
    client.close();
    throw new Error('no log-in now');
  }
  await client.say('ENABLE CONDSTORE');
  return client;
}

const append = (folder: string, text: string): string => `APPEND ${folder} {${text.length}+}\r\n${text}`;

/** Appends, flags, moves and expunges messages of its own in folders that others use too. */
class ImapUser {
  readonly #site: MailboxSite;
  readonly #name: string;
  #own: Known[] = [];
  #selected: string | undefined;
  #count = 0;

  constructor(site: MailboxSite, name: string) {
    this.#site = site;
    this.#name = name;
  }

  async work(alive: () => boolean): Promise<void> {
    const client = await logInOverImap(this.#site.ports.imap, SHARED_ACCOUNT);
    try {
      while (alive()) await this.#step(client);
    } finally {
      client.close();
    }
  }

  async #step(client: ImapDialogue): Promise<void> {
    const { random } = this.#site;
    const dice = random();
    const known = this.#own[Math.floor(random() * this.#own.length)];
    if (!known || (dice < 0.35 && this.#own.length < OWN_MAX)) return this.#append(client);
    const [place] = known.places;
    if (this.#selected !== place) {
      this.#selected = place;
      const selected = await client.say(`SELECT ${place}`);
      this.#answered(selected);
      if (!selected.at(-1)?.startsWith('OK')) return void (this.#selected = undefined);
    }
    if (dice < 0.6) return this.#flag(client, known);
    return dice < 0.8 ? this.#move(client, known) : this.#expunge(client, known);
  }

  /** Throws when the connection has ended. */
  #answered(lines: readonly string[]): void {
    if (lines.at(-1) === '') throw new Error('the connection ended');
    for (const line of lines) {
      const modseq = /MODSEQ \(?(\d+)/.exec(line)?.[1];
      if (modseq !== undefined && this.#selected !== undefined && !line.startsWith('OK [COPYUID')) this.#site.ledger.heard(this.#selected, { highestModseq: Number(modseq) });
    }
  }

  /** Undefined: refused for now, and the message is left alone until the next restart. */
  async #done(client: ImapDialogue, known: Known, command: string): Promise<readonly string[] | undefined> {
    const lines = await client.say(command);
    this.#answered(lines);
    const last = lines.at(-1) as string;
    if (last.startsWith('OK')) return lines;
    assert.match(last, /^NO/, `${command.slice(0, 60)}: ${last}`);
    this.#own = this.#own.filter((one) => one !== known);
    await sleepReal(PAUSE_MS);
    return undefined;
  }

  async #append(client: ImapDialogue): Promise<void> {
    const { ledger, random } = this.#site;
    const folder = random() < 0.5 ? 'INBOX' : 'Work';
    const known = ledger.mayAppear(`${this.#name}-${this.#count++}`, folder);
    const lines = await this.#done(client, known, append(folder, messageText(known.subject, random() < 0.08)));
    const [, uidValidity, uid] = /APPENDUID (\d+) (\d+)/.exec(lines?.at(-1) ?? '') ?? [];
    if (!lines) return;
    ledger.happened(known, folder, Number(uid));
    ledger.heard(folder, { uidValidity: Number(uidValidity), uidNext: Number(uid) + 1 });
    this.#own.push(known);
  }

  async #flag(client: ImapDialogue, known: Known): Promise<void> {
    const on = this.#site.random() < 0.5;
    known.flagged = new Set([...known.flagged, on]);
    const lines = await this.#done(client, known, `UID STORE ${known.uid} ${on ? '+' : '-'}FLAGS (\\Flagged)`);
    if (lines) known.flagged = new Set([on]);
  }

  async #move(client: ImapDialogue, known: Known): Promise<void> {
    const target: Place = known.places.has('INBOX') ? 'Work' : 'INBOX';
    this.#site.ledger.mayMove(known, target);
    const lines = await this.#done(client, known, `UID MOVE ${known.uid} ${target}`);
    if (!lines) return;
    const copied = lines.map((line) => /COPYUID \d+ (\d+) (\d+)\]/.exec(line)).find((match) => match !== null);
    assert.equal(copied?.[1], String(known.uid), `${known.subject} was moved: ${lines.join(' | ')}`);
    this.#site.ledger.happened(known, target, Number(copied?.[2]));
    this.#site.ledger.heard(target, { uidNext: Number(copied?.[2]) + 1 });
  }

  async #expunge(client: ImapDialogue, known: Known): Promise<void> {
    if (!(await this.#done(client, known, `UID STORE ${known.uid} +FLAGS.SILENT (\\Deleted)`))) return;
    this.#site.ledger.mayMove(known, 'gone');
    if (!(await this.#done(client, known, `UID EXPUNGE ${known.uid}`))) return;
    this.#site.ledger.happened(known, 'gone', 0);
    this.#own = this.#own.filter((one) => one !== known);
  }
}

/** What is answered 250 is there when the queue is empty, at the latest. */
async function deliver({ ports, random, ledger, popLedger }: MailboxSite, name: string, account: string, alive: () => boolean): Promise<void> {
  for (let count = 0; alive(); count += 1) {
    const known = (account === POP_ACCOUNT ? popLedger : ledger).mayAppear(`${name}-${count}`, 'INBOX', true);
    const reply = await sendMessage({ host: HOST, port: ports.smtp }, { from: 'a@load.example', to: [account], content: messageText(known.subject, random() < 0.08) });
    if (reply.startsWith('250')) known.acknowledged = true;
  }
}

/** Fetches and deletes what is there, as POP3 programs do. */
async function collect({ ports, popLedger: ledger }: MailboxSite): Promise<void> {
  const client = await RawClient.open(HOST, ports.pop3);
  try {
    await client.line();
    await client.ask(`USER ${POP_ACCOUNT}`);
    if (!(await client.ask(`PASS ${MAILBOX_PASSWORD}`)).startsWith('+OK')) return;
    const count = Number(/^\+OK (\d+)/.exec(await client.ask('STAT'))?.[1] ?? 0);
    const deleted: Known[] = [];
    for (let number = 1; number <= Math.min(count, 10); number += 1) {
      if (!(await client.ask(`TOP ${number} 0`)).startsWith('+OK')) return;
      const subject = (await client.untilDot()).find((line) => line.startsWith('Subject: '))?.slice('Subject: '.length) ?? '';
      const known = ledger.messages.get(subject);
      assert.ok(known, `POP3 shows "${subject}", which nobody wrote`);
      assert.ok(!(known.places.size === 1 && known.places.has('gone')), `POP3 shows "${subject}" again, which was deleted`);
      if ((await client.ask(`DELE ${number}`)).startsWith('+OK')) deleted.push(known);
    }
    for (const known of deleted) ledger.mayMove(known, 'gone');
    if (!(await client.ask('QUIT')).startsWith('+OK')) return;
    for (const known of deleted) ledger.happened(known, 'gone', 0);
  } finally {
    client.destroy();
  }
}

export function scriptOf(version: number): string {
  return `# version ${version}\r\nkeep;\r\n`;
}

async function changeScript(site: MailboxSite, alive: () => boolean): Promise<void> {
  const client = await RawClient.open(HOST, site.ports.sieve);
  const done = async (): Promise<boolean> => {
    for (;;) {
      const line = await client.line();
      if (/^(OK|NO|BYE)/.test(line)) return line.startsWith('OK');
    }
  };
  try {
    await done();
    client.send(`AUTHENTICATE "PLAIN" "${Buffer.from(`\0${SHARED_ACCOUNT}\0${MAILBOX_PASSWORD}`).toString('base64')}"\r\n`);
    if (!(await done())) return;
    while (alive()) {
      const version = Math.max(...site.scriptVersions) + 1;
      site.scriptVersions = new Set([...site.scriptVersions, version]);
      const script = scriptOf(version);
      client.send(`PUTSCRIPT "${SCRIPT_NAME}" {${script.length}+}\r\n${script}\r\n`);
      if (await done()) site.scriptVersions = new Set([version]);
      client.send(`SETACTIVE "${SCRIPT_NAME}"\r\n`);
      await done();
      await sleepReal(PAUSE_MS);
    }
  } finally {
    client.destroy();
  }
}

/** Appends until there is no more room, and makes room. */
async function fillUp({ ports }: MailboxSite, name: string, alive: () => boolean): Promise<void> {
  const client = await logInOverImap(ports.imap, FULL_ACCOUNT);
  try {
    if (!(await client.result('SELECT INBOX')).startsWith('OK')) return;
    for (let count = 0; alive(); count += 1) {
      const result = await client.result(append('INBOX', messageText(`${name}-${count}`, count % 4 === 0)));
      if (result === '') return;
      if (!result.startsWith('NO')) continue;
      for (const command of ['STORE 1:* +FLAGS.SILENT (\\Deleted)', 'EXPUNGE']) await client.say(command);
      await sleepReal(PAUSE_MS);
    }
  } finally {
    client.close();
  }
}

