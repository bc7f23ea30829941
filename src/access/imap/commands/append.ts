/**
 * APPEND (RFC 9051 §6.3.12): one message or several at once, all or none (MULTIAPPEND, RFC 3502); literal8 and UTF8 literals (RFC 3516, RFC 9755);
 * pieces put together (CATENATE, RFC 4469).
 */
import { IMAP_LIMITS } from '../../../base/access-limits.ts';
import { Failure } from '../../../base/errors.ts';
import type { NewMessage, Rights } from '../../../contract/mailbox.ts';
import { mayChange } from '../../../mail/flag-rights.ts';
import { readDateTime } from '../../../wire/imap/date-time.ts';
import { readFlagList } from '../../../wire/imap/flags.ts';
import { readMailboxName } from '../../../wire/imap/mailbox-name.ts';
import { no, ok, type Outcome } from '../../../wire/imap/response.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { formatNumbers } from '../../../wire/imap/sequence-set.ts';
import type { NamedFolder } from '../../mailbox/namespace.ts';
import { joinPieces, readPieces, type MessagePiece } from '../catenate.ts';
import { defineCommand, LOGGED_IN, type ImapSession } from '../command.ts';

export interface AppendedMessage {
  readonly flags: readonly string[];
  /** Milliseconds since 1970; undefined: now. */
  readonly internalDate: number | undefined;
  readonly pieces: readonly MessagePiece[];
}

export const append = defineCommand({
  name: 'APPEND',
  states: LOGGED_IN,
  takesMessages: true,
  refuseMessage: async (session, scanner, bytes) => {
    scanner.space();
    return refuseBeforeUpload(session, readMailboxName(scanner), bytes);
  },
  parse: (scanner) => {
    scanner.space();
    const name = readMailboxName(scanner);
    const messages: AppendedMessage[] = [];
    do {
      if (messages.length >= IMAP_LIMITS.appendMessagesMax) throw new ImapSyntaxError(`APPEND takes ${IMAP_LIMITS.appendMessagesMax} messages at once`);
      messages.push(readAppendedMessage(scanner));
    } while (scanner.peek() === ' ');
    scanner.end();
    return { name, messages };
  },
  run: async (session, { name, messages }) => {
    const target = await appendTarget(session, name);
    if (!target) return no('there is no such mailbox: CREATE it first', 'TRYCREATE');
    const now = session.ports.clock.now();
    const made: NewMessage[] = [];
    for (const message of messages) {
      const one = await newMessage(session, message, { rights: target.rights, now });
      if ('status' in one) return one;
      made.push(one);
    }
    const { uidValidity, uids, highestModseq } = await session.ports.mailboxes.messages.append(target.facts.id, made);
    session.ports.liveFolders.heard(target.facts.id, highestModseq);
    // RFC 9051 §6.3.12: in the selected mailbox, EXISTS comes before the tagged line.
    if (session.selected?.folder === target.facts.id) await session.selected.settle();
    // RFC 4315 §3: who may not read the mailbox is not told what is in it.
    return ok('APPEND completed', target.rights.includes('r') ? `APPENDUID ${uidValidity} ${formatNumbers(uids)}` : undefined);
  },
});

/** ` (flags) "date" literal`, from the space on; CATENATE in the literal's place. */
export function readAppendedMessage(scanner: ImapScanner): AppendedMessage {
  scanner.space();
  let flags: readonly string[] = [];
  if (scanner.peek() === '(') {
    flags = readFlagList(scanner);
    scanner.space();
  }
  const internalDate = scanner.peek() === '"' ? readDateTime(scanner) : undefined;
  if (internalDate !== undefined) scanner.space();
  const pieces = scanner.acceptKeyword('CATENATE') ? readPieces(scanner) : [{ kind: 'text' as const, content: readMessageLiteral(scanner) }];
  return { flags, internalDate, pieces };
}

/** A literal, literal8, or `UTF8 (literal8)` (RFC 9755 §4). */
function readMessageLiteral(scanner: ImapScanner): NewMessage['content'] {
  if (!scanner.acceptKeyword('UTF8')) return scanner.literal('a message as a literal').content;
  scanner.space();
  scanner.expect('(');
  const { content } = scanner.literal('a message as a literal');
  scanner.expect(')');
  return content;
}

/** Where a message may be put; undefined when there is no such mailbox. Throws Failure `no-permission`. */
export async function appendTarget(session: ImapSession, name: string): Promise<NamedFolder | undefined> {
  try {
    return await session.names.require(name, 'i');
  } catch (error) {
    if (error instanceof Failure && error.code === 'folder-unknown') return undefined;
    throw error;
  }
}

/** What is known to fail is refused before the client has sent it all (RFC 9051 §4.3); what has changed until then, behind it. */
export async function refuseBeforeUpload(session: ImapSession, name: string, bytes: number): Promise<Outcome | undefined> {
  const target = await appendTarget(session, name);
  if (!target) return no('there is no such mailbox: CREATE it first', 'TRYCREATE');
  const { usedBytes, usedMessages, bytesMax, messagesMax } = await session.ports.mailboxes.quotas.state(target.facts.account);
  const full = (bytesMax !== undefined && usedBytes + bytes > bytesMax) || (messagesMax !== undefined && usedMessages >= messagesMax);
  // RFC 9208 §4.3.
  return full ? no('the mailbox is full', 'OVERQUOTA') : undefined;
}

/** With the flags that the user may set there; the others are left out without a word (RFC 4314 §4); \Recent is nobody's to set. */
export async function newMessage(session: ImapSession, { flags, internalDate, pieces }: AppendedMessage, { rights, now }: { readonly rights: Rights; readonly now: number }): Promise<NewMessage | Outcome> {
  const content = await joinPieces(session, pieces);
  if ('status' in content) return content;
  return { content, flags: flags.filter((flag) => flag.toLowerCase() !== '\\recent' && mayChange(rights, flag)), internalDate: internalDate ?? now };
}
