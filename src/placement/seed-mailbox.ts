/**
 * Looks for messages in a mailbox of ours at a provider, over IMAP, changing nothing there: folders are opened read-only
 * and headers are read with PEEK.
 */
import { Failure } from '../base/errors.ts';
import { PLACEMENT_LIMITS } from '../base/placement-limits.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import type { Place, Placement } from '../contract/placement.ts';
import { firstField, parseHeader } from '../mail/header.ts';
import { fetchedItems, parseInternalDate } from '../net/imap-answers.ts';
import { ImapClient, quoted, type ImapTarget } from '../net/imap-client.ts';
import type { ClientTls } from '../net/tls.ts';
import { formatDay } from '../wire/imap/date-time.ts';
import { decodeModifiedUtf7 } from '../wire/imap/modified-utf7.ts';
import type { ImapValue } from '../wire/imap/response-values.ts';
import type { SaslCredentials } from '../wire/sasl/client.ts';
import { foldersInOrder, placeOf, type SeedFolder } from './place.ts';
import { providerVerdict } from './provider-verdict.ts';

export interface SeedAccess {
  readonly target: ImapTarget;
  readonly credentials: SaslCredentials;
  readonly tls: ClientTls;
}

/** Logs in and lists the folders. Rejects with the Failures of ImapClient.open. */
export async function checkSeed(access: SeedAccess): Promise<{ readonly folders: readonly { readonly name: string; readonly place: Place }[] }> {
  const client = await open(access);
  try {
    return { folders: (await listFolders(client)).map((folder) => ({ name: folder.name, place: placeOf(folder) })) };
  } finally {
    client.logOut();
  }
}

/** Those of `wanted` that are there now, with place, time and verdicts. `now` in milliseconds since 1970. Rejects as checkSeed. */
export async function findInSeed(access: SeedAccess, wanted: readonly Placement[], now: number): Promise<readonly Placement[]> {
  const client = await open(access);
  const left = new Map(wanted.map((placement) => [placement.messageId, placement]));
  const found: Placement[] = [];
  const since = formatDay(Math.min(...wanted.map(({ sentAt }) => sentAt)) - DAY_MS);
  try {
    for (const folder of foldersInOrder(await listFolders(client), PLACEMENT_LIMITS.foldersMax)) {
      if (left.size === 0) break;
      for (const { uid, messageId, arrivedAt } of await recentMessages(client, folder, since).catch(nothingWhenRefused(folder))) {
        const placement = left.get(messageId);
        if (!placement) continue;
        left.delete(messageId);
        const header = await headerOf(client, uid);
        const place = placeOf(folder) === 'inbox' && (await isAside(client, uid)) ? 'tab' : placeOf(folder);
        found.push({ ...placement, place, folder: folder.name, ...(arrivedAt === undefined ? {} : { arrivedAt }), foundAt: now, ...providerVerdict(header) });
      }
    }
    return found;
  } finally {
    client.logOut();
  }
}

const DAY_MS = 86_400_000;

/** A folder of somebody else that may not be opened hides nothing of ours; without inbox and spam folder nobody could say that mail is missing. */
function nothingWhenRefused(folder: SeedFolder): (error: unknown) => readonly Seen[] {
  return (error) => {
    const place = placeOf(folder);
    if (error instanceof Failure && error.code === 'imap-refused' && place !== 'inbox' && place !== 'spam') return [];
    throw error;
  };
}

function open({ target, credentials, tls }: SeedAccess): Promise<ImapClient> {
  const limits = { connectMs: TRANSFER_LIMITS.imapConnectMs, replyMs: TRANSFER_LIMITS.imapReplyMs, lineBytesMax: TRANSFER_LIMITS.imapLineBytesMax, literalBytesMax: TRANSFER_LIMITS.imapLineBytesMax, responsesMax: TRANSFER_LIMITS.imapUnaskedMax };
  return ImapClient.open({ target, credentials, tls, limits });
}

async function listFolders(client: ImapClient): Promise<readonly SeedFolder[]> {
  const { untagged } = await client.command('LIST "" "*"');
  return untagged.flatMap((values): readonly SeedFolder[] => {
    if (values[0] !== 'LIST') return [];
    const wire = textOf(values[3]);
    return [{ wire, name: decodeModifiedUtf7(wire) ?? wire, attributes: new Set((Array.isArray(values[1]) ? values[1] : []).map((flag) => String(flag).toLowerCase())) }];
  });
}

interface Seen {
  readonly uid: number;
  readonly messageId: string;
  readonly arrivedAt: number | undefined;
}

async function recentMessages(client: ImapClient, folder: SeedFolder, since: string): Promise<readonly Seen[]> {
  await client.command(`EXAMINE ${quoted(folder.wire)}`);
  const { untagged } = await client.command(`UID SEARCH SINCE ${since}`);
  const uids = untagged.flatMap((values) => (values[0] === 'SEARCH' ? values.slice(1).map(Number) : [])).filter((uid) => Number.isInteger(uid) && uid > 0).slice(-PLACEMENT_LIMITS.waitingMax);
  if (uids.length === 0) return [];
  const seen: Seen[] = [];
  for await (const values of client.responses(`UID FETCH ${uids.join(',')} (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])`)) {
    const items = fetchedItems(values);
    const uid = Number(items?.get('UID'));
    const header = [...(items ?? [])].find(([name]) => name.startsWith('BODY['))?.[1];
    const messageId = header === undefined ? undefined : firstField(parseHeader(bytesOf(header)).fields, 'message-id')?.value.trim();
    if (messageId !== undefined && uid > 0 && seen.length < PLACEMENT_LIMITS.waitingMax) seen.push({ uid, messageId, arrivedAt: parseInternalDate(textOf(items?.get('INTERNALDATE'))) });
  }
  return seen;
}

async function headerOf(client: ImapClient, uid: number): Promise<Buffer> {
  const { untagged } = await client.command(`UID FETCH ${uid} (UID BODY.PEEK[HEADER]<0.${PLACEMENT_LIMITS.headerBytesMax}>)`);
  for (const values of untagged) {
    const header = [...(fetchedItems(values) ?? [])].find(([name]) => name.startsWith('BODY['))?.[1];
    if (header !== undefined) return bytesOf(header);
  }
  return Buffer.alloc(0);
}

/** Gmail shows what is not of the primary category in tabs of their own (its IMAP extension X-GM-EXT-1, X-GM-RAW). */
async function isAside(client: ImapClient, uid: number): Promise<boolean> {
  if (!client.has('X-GM-EXT-1')) return false;
  const { untagged } = await client.command(`UID SEARCH UID ${uid} X-GM-RAW "category:primary"`);
  return !untagged.some((values) => values[0] === 'SEARCH' && values.slice(1).map(Number).includes(uid));
}

function textOf(value: ImapValue | undefined): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : '';
}

function bytesOf(value: ImapValue): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(textOf(value), 'utf8');
}
