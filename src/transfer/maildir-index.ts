/**
 * The files that Dovecot and Courier keep beside the messages of a Maildir: keywords, the UIDs that clients have seen, and
 * subscriptions. None of them is needed; a broken one is passed over.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { readMaildirName, subscribedName } from './maildir-names.ts';

async function linesOf(path: string): Promise<readonly string[]> {
  try {
    const bytes = await readFile(path);
    return bytes.length > TRANSFER_LIMITS.indexFileBytesMax ? [] : bytes.toString('utf8').split('\n');
  } catch {
    return [];
  }
}

/** Dovecot's: `0 $Label1`; the number stands for the letters from `a` on. */
export async function readDovecotKeywords(folder: string): Promise<readonly string[]> {
  const keywords: string[] = [];
  for (const line of await linesOf(join(folder, 'dovecot-keywords'))) {
    const [, number, name] = /^(\d{1,2}) (\S+)$/.exec(line) ?? [];
    if (number !== undefined && name !== undefined) keywords[Number(number)] = name;
  }
  return keywords;
}

/** Courier's `courierimapkeywords/:list`: names, an empty line, then `file:0 2` with the places of names. Keyed as the messages are. */
export async function readCourierKeywords(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const lines = await linesOf(join(folder, 'courierimapkeywords', ':list'));
  const end = lines.indexOf('');
  const names = end < 0 ? [] : lines.slice(0, end);
  const found = new Map<string, readonly string[]>();
  for (const line of end < 0 ? [] : lines.slice(end + 1)) {
    const colon = line.lastIndexOf(':');
    if (colon <= 0) continue;
    const keywords = line.slice(colon + 1).trim().split(/ +/).flatMap((at) => names[Number(at)] ?? []);
    found.set(readMaildirName(line.slice(0, colon), []).key, keywords);
  }
  return found;
}

export interface MaildirUids {
  readonly uidValidity: number;
  /** By the key of the message. */
  readonly uids: ReadonlyMap<string, number>;
}

/** Dovecot's `dovecot-uidlist` (versions 1 and 3) or Courier's `courierimapuiddb`. */
export async function readUids(folder: string): Promise<MaildirUids | undefined> {
  for (const file of ['dovecot-uidlist', 'courierimapuiddb']) {
    const [header, ...lines] = await linesOf(join(folder, file));
    const uidValidity = header === undefined ? undefined : validityOf(header);
    if (uidValidity === undefined) continue;
    const uids = new Map<string, number>();
    for (const line of lines) {
      const [, uid, name] = /^(\d{1,10}) (?:.*?:)?([^:]+)$/.exec(line.replace(/:2,[A-Za-z]*$/, '')) ?? [];
      if (uid !== undefined && name !== undefined) uids.set(readMaildirName(name, []).key, Number(uid));
    }
    return { uidValidity, uids };
  }
  return undefined;
}

function validityOf(header: string): number | undefined {
  const found = /^3 .*\bV(\d{1,10})\b/.exec(header) ?? /^1 (\d{1,10}) \d+/.exec(header);
  return found ? Number(found[1]) : undefined;
}

/** Names of subscribed folders, or undefined when nothing says it: then all are. */
export async function readSubscriptions(root: string, separator: '.' | '/'): Promise<ReadonlySet<string> | undefined> {
  const dovecot = await linesOf(join(root, 'subscriptions'));
  if (dovecot.length > 0) {
    const second = /^V\t2$/.test(dovecot[0] ?? '');
    const names = (second ? dovecot.slice(1) : dovecot).filter((line) => line !== '');
    return new Set(names.map((line) => (second ? line.split('\t').map((level) => subscribedName(level, '/')).join('/') : subscribedName(line, separator))));
  }
  const courier = await linesOf(join(root, 'courierimapsubscribed'));
  return courier.length > 0 ? new Set(courier.filter((line) => line !== '').map((line) => subscribedName(line, '.'))) : undefined;
}
