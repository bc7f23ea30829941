/**
 * A live account on another IMAP server. Mailboxes are opened read-only and messages are read with PEEK, so nothing there
 * changes. A message is known by UIDVALIDITY and UID: a second import fetches only what came since. A connection that
 * breaks is made again, after waits that grow, and the reading goes on behind the last message.
 */
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { quoted, type ImapClient } from '../net/imap-client.ts';
import { decodeModifiedUtf7 } from '../wire/imap/modified-utf7.ts';
import type { ImapValue } from '../wire/imap/response-values.ts';
import { ImapLine, type ImapLineOptions } from './imap-line.ts';
import { readMailbox, type Mailbox } from './imap-mailbox.ts';
import type { MailSource, SourceFolder } from './source.ts';

/** One and the same account behind both. */
const USUAL_PORTS = new Set([143, 993]);

/** Rejects with the Failures of ImapClient.open. */
export async function openImapSource(options: ImapLineOptions): Promise<MailSource> {
  const { target, credentials } = options;
  const line = new ImapLine(options);
  // A wrong host or password is told at once; only what worked before is tried again.
  const boxes = await line.use((client) => listMailboxes(client), { reconnects: 0 });
  return {
    id: `imap:${credentials.username}@${target.host}${USUAL_PORTS.has(target.port) ? '' : `:${target.port}`}`,
    folders: async () => boxes,
    messages: (folder, wanted) => readMailbox(line, boxes.find(({ name }) => name === folder.name) as Mailbox, wanted),
    close: async () => line.close(),
  };
}

async function listMailboxes(client: ImapClient): Promise<readonly Mailbox[]> {
  const { untagged } = await client.command('LIST "" "*"');
  const subscribed = new Set((await client.command('LSUB "" "*"').catch(() => ({ untagged: [] as readonly ImapValue[][] }))).untagged.flatMap((values) => (values[0] === 'LSUB' ? [nameOf(values[3])] : [])));
  const boxes: Mailbox[] = [];
  for (const values of untagged) {
    if (values[0] !== 'LIST') continue;
    const flags = (Array.isArray(values[1]) ? values[1] : []).map((flag) => String(flag).toLowerCase());
    if (flags.includes('\\noselect') || flags.includes('\\nonexistent')) continue;
    // Gmail's "all mail" holds every message a second time.
    if (flags.includes('\\all')) continue;
    const separator = typeof values[2] === 'string' ? values[2] : undefined;
    const wire = nameOf(values[3]);
    if (boxes.length === TRANSFER_LIMITS.foldersMax) throw new Failure('imap-garbage', `the server lists more than ${TRANSFER_LIMITS.foldersMax} mailboxes`, { temporary: false });
    boxes.push({ name: folderName(wire, separator), wire, subscribed: subscribed.size === 0 || subscribed.has(wire), ...(await statusOf(client, wire)) });
  }
  return boxes;
}

/** A mailbox that refuses STATUS may still be read. */
async function statusOf(client: ImapClient, wire: string): Promise<Pick<SourceFolder, 'uidValidity' | 'messages'>> {
  try {
    const { untagged } = await client.command(`STATUS ${quoted(wire)} (MESSAGES UIDVALIDITY)`);
    const list = untagged.find(([name]) => name === 'STATUS')?.[2];
    const items = new Map<string, number>();
    if (Array.isArray(list)) for (let at = 0; at + 1 < list.length; at += 2) items.set(String(list[at]).toUpperCase(), Number(list[at + 1]));
    const [messages, uidValidity] = [items.get('MESSAGES'), items.get('UIDVALIDITY')];
    return { ...(messages === undefined ? {} : { messages }), ...(uidValidity === undefined ? {} : { uidValidity }) };
  } catch (error) {
    if (error instanceof Failure && !error.temporary) return {};
    throw error;
  }
}

function nameOf(value: ImapValue): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : 'NIL';
}

/** `INBOX.Lists.x` and `Lists/x` both become `Lists/x`. */
function folderName(wire: string, separator: string | undefined): string {
  const decoded = decodeModifiedUtf7(wire) ?? wire;
  const levels = separator === undefined ? [decoded] : decoded.split(separator).map((level) => level.replaceAll('/', '_'));
  if (levels.length > 1 && levels[0]?.toUpperCase() === 'INBOX' && separator === '.') levels.shift();
  if (levels.length === 1 && levels[0]?.toUpperCase() === 'INBOX') return 'INBOX';
  return levels.join('/');
}
