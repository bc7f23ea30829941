/**
 * Entries of METADATA (RFC 5464) as commands read and write them. `/private/specialuse` is not stored: it is what the folder is used for
 * (RFC 6154 §4).
 */
import type { FolderFacts } from '../../contract/mailbox.ts';
import { Failure } from '../../base/errors.ts';
import type { NamedFolder } from '../mailbox/namespace.ts';
import type { ImapSession } from './command.ts';
import { specialUseOf } from './special-use.ts';

export interface EntryValue {
  readonly entry: string;
  /** Undefined: NIL. */
  readonly value: Uint8Array | undefined;
}

const SPECIAL_USE = '/private/specialuse';

/** All that there are; of the account with `folder` undefined. */
export async function annotationsOf(session: ImapSession, folder: FolderFacts | undefined): Promise<readonly EntryValue[]> {
  const stored = await session.ports.mailboxes.annotations.list(session.account, folder?.id);
  if (!folder || folder.account !== session.account || folder.specialUse.length === 0) return stored;
  return [...stored, { entry: SPECIAL_USE, value: Buffer.from(folder.specialUse.join(' ')) }];
}

export async function setAnnotations(session: ImapSession, folder: FolderFacts | undefined, entries: readonly EntryValue[]): Promise<void> {
  const { annotations, folders } = session.ports.mailboxes;
  const use = entries.find(({ entry }) => entry === SPECIAL_USE);
  const uses = use ? specialUses(session, folder, use.value) : undefined;
  const stored = entries.filter(({ entry }) => entry !== SPECIAL_USE);
  if (stored.length > 0) await annotations.set(session.account, folder?.id, stored);
  if (uses && folder) await folders.setSpecialUse(folder.id, uses);
}

function specialUses(session: ImapSession, folder: FolderFacts | undefined, value: Uint8Array | undefined): readonly string[] {
  if (!folder || folder.account !== session.account) throw new Failure('no-permission', 'only the owner says what a mailbox is used for', { temporary: false });
  const written = value ? Buffer.from(value).toString('utf8').split(' ').filter(Boolean) : [];
  return written.map((use) => {
    const known = specialUseOf(use);
    if (known === undefined) throw new Failure('special-use-refused', 'no mailbox can be used for that', { temporary: false });
    return known;
  });
}

/** One METADATA line; none when there is nothing to tell. */
export function writeEntries({ out }: ImapSession, name: string, entries: readonly EntryValue[]): void {
  if (entries.length === 0) return;
  out.text('* METADATA ').mailbox(name).text(' (');
  entries.forEach(({ entry, value }, index) => {
    out.text(index === 0 ? '' : ' ').astring(entry).text(' ');
    if (value === undefined) out.text('NIL');
    else if (value.includes(0)) out.literal(value, true);
    else if (isAscii(value)) out.string(Buffer.from(value).toString('latin1'));
    else out.literal(value);
  });
  out.text(')\r\n');
}

/** For LIST's RETURN (RFC 9590): the entries of these names, and those that are not there as NIL. */
export async function writeMetadata(session: ImapSession, folder: NamedFolder, names: readonly string[]): Promise<void> {
  const all = await annotationsOf(session, folder.facts);
  writeEntries(session, folder.name, names.map((entry) => all.find((known) => known.entry === entry) ?? { entry, value: undefined }));
}

function isAscii(value: Uint8Array): boolean {
  return value.every((byte) => byte < 0x80);
}
