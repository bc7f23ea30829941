/** What mail programs find after a restart, held against the ledger; and at the very end, every book of the store. */
import assert from 'node:assert/strict';
import type { ImapDialogue } from '../../test/harness/imap-dialogue.ts';
import { RawClient } from '../../test/harness/raw-client.ts';
import { administer } from '../../test/harness/serve-process.ts';
import { FOLDERS, type Found, type MailboxLedger } from './mailbox-ledger.ts';
import { COMMON_WORD, FULL_ACCOUNT, logInOverImap, MAILBOX_PASSWORD, POP_ACCOUNT, SCRIPT_NAME, SHARED_ACCOUNT, scriptOf, wordOf, type MailboxSite } from './mailbox-users.ts';

/** Unique words that are searched for in each folder. */
const WORDS_LOOKED_FOR = 10;

/** The server has just started and nobody changes anything but the queue. */
export async function checkMailboxes(site: MailboxSite): Promise<void> {
  await withClient(site, SHARED_ACCOUNT, async (client) => {
    for (const folder of FOLDERS) await checkState(client, folder, site.ledger);
    site.ledger.checkMessages(await everything(client));
  });
  await withClient(site, POP_ACCOUNT, async (client) => {
    await checkState(client, 'INBOX', site.popLedger);
    site.popLedger.checkMessages(await everything(client));
  });
  await checkScript(site);
}

async function withClient({ ports }: MailboxSite, account: string, work: (client: ImapDialogue) => Promise<void>): Promise<void> {
  const client = await logInOverImap(ports.imap, account);
  try {
    await work(client);
  } finally {
    client.close();
  }
}

async function checkState(client: ImapDialogue, folder: string, ledger: MailboxLedger): Promise<void> {
  const [line = ''] = await client.say(`STATUS ${folder} (UIDVALIDITY UIDNEXT HIGHESTMODSEQ)`);
  const value = (name: string): number => Number(new RegExp(`${name} (\\d+)`).exec(line)?.[1]);
  ledger.checkFolder(folder, { uidValidity: value('UIDVALIDITY'), uidNext: value('UIDNEXT'), highestModseq: value('HIGHESTMODSEQ') });
}

async function everything(client: ImapDialogue): Promise<Found[]> {
  const found: Found[] = [];
  for (const folder of FOLDERS) {
    const selected = await client.say(`EXAMINE ${folder}`);
    if (!selected.at(-1)?.startsWith('OK')) continue;
    const lines = await client.say('UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
    assert.match(lines.at(-1) ?? '', /^OK/);
    for (const line of lines.filter((one) => one.includes('FETCH ('))) {
      found.push({
        folder, uid: Number(/UID (\d+)/.exec(line)?.[1]), subject: /Subject: (.*)\r\n/.exec(line)?.[1] ?? '', flagged: /FLAGS \([^)]*\\Flagged/.test(line),
      });
    }
  }
  return found;
}

async function checkScript({ ports, scriptVersions }: MailboxSite): Promise<void> {
  const client = await RawClient.open('127.0.0.1', ports.sieve);
  try {
    client.send(`AUTHENTICATE "PLAIN" "${Buffer.from(`\0${SHARED_ACCOUNT}\0${MAILBOX_PASSWORD}`).toString('base64')}"\r\nGETSCRIPT "${SCRIPT_NAME}"\r\nLOGOUT\r\n`);
    const said = await client.rest();
    const allowed = [...scriptVersions].some((version) => (version === 0 ? said.includes('NONEXISTENT') : said.includes(scriptOf(version))));
    assert.ok(allowed, `the script must be version ${[...scriptVersions].join(' or ')}: ${said}`);
  } finally {
    client.destroy();
  }
}

/**
 * The queue is empty. Everything acknowledged is in a folder or can be undeleted; a search finds what a look finds; the
 * store proves its contents.
 */
export async function checkInTheEnd(site: MailboxSite, config: string): Promise<void> {
  await checkMailboxes(site);
  for (const [account, { messages }] of [[SHARED_ACCOUNT, site.ledger], [POP_ACCOUNT, site.popLedger]] as const) {
    // Bad news when nothing was expunged.
    await administer(config, ['mail', 'undelete', account]);
    await withClient(site, account, async (client) => {
      const subjects = (await everything(client)).map(({ subject }) => subject);
      const there = new Set(subjects);
      assert.equal(there.size, subjects.length, 'undeleted twice');
      const lost = [...messages.values()].filter(({ subject, acknowledged }) => acknowledged && !there.has(subject));
      assert.deepEqual(lost.map(({ subject }) => subject), [], 'acknowledged and lost');
      await checkSearch(client);
    });
  }
  await withClient(site, FULL_ACCOUNT, checkSearch);
  const { status, stdout } = await administer(config, ['verify', '--json']);
  assert.equal(status, 0, `verify: ${stdout}`);
}

async function checkSearch(client: ImapDialogue): Promise<void> {
  const search = async (what: string): Promise<string> => (await client.say(`UID SEARCH ${what}`)).find((line) => line.startsWith('* SEARCH'))?.slice('* SEARCH'.length).trim() ?? 'no answer';
  for (const { folder, uid, subject } of (await everything(client)).slice(-WORDS_LOOKED_FOR)) {
    await client.say(`EXAMINE ${folder}`);
    assert.equal(await search(`BODY ${wordOf(subject)}`), String(uid), `the text of "${subject}" is found`);
  }
  for (const folder of FOLDERS) {
    if (!(await client.result(`EXAMINE ${folder}`)).startsWith('OK')) continue;
    assert.equal(await search(`TEXT ${COMMON_WORD}`), await search('ALL'), `a search of ${folder} is complete`);
  }
}
