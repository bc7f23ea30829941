/**
 * Reads one command with its literals from the connection (RFC 9051 §2.2.1, §4.3; RFC 7888).
 *
 * Policy: what is wrong with a command is known as early as it can be: the first line names it, so a literal that is too large, or belongs to a
 * command that may not be given now, is refused before the client sends it. A non-synchronising one is on its way already: it is read and
 * dropped, so that its bytes are never taken for commands. Messages go to files when they are large, everything else is bounded and in memory.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { bad, no, type Outcome } from '../../wire/imap/response.ts';
import { ImapScanner, ImapSyntaxError, type LiteralContent } from '../../wire/imap/scanner.ts';
import type { ClientConnection, ReceivedBytes } from '../connection/client-connection.ts';
import type { Command } from './command.ts';

export interface CommandHead {
  readonly tag: string;
  /** In capitals, `UID` and its second word together. */
  readonly name: string;
}

export type ReadCommand =
  | { readonly kind: 'command'; readonly head: CommandHead; readonly command: Command; readonly scanner: ImapScanner }
  /** To be answered with this; `ends`: the rest of what the client sends cannot be told apart any more. */
  | { readonly kind: 'refused'; readonly tag: string; readonly outcome: Outcome; readonly ends: boolean }
  | { readonly kind: 'closed' };

export interface ReaderRules {
  readonly loggedIn: boolean;
  readonly utf8: boolean;
  readonly messageBytesMax: number;
  /** The command of that name, or why it may not be given now. */
  choose(name: string): Command | Outcome;
  /** Command.refuseMessage, for this session. */
  refuseMessage(command: Command, scanner: ImapScanner, bytes: number): Promise<Outcome | undefined>;
}

interface Announcement {
  readonly size: number;
  readonly binary: boolean;
  /** The client waits for `+`. */
  readonly synchronising: boolean;
}

const ANNOUNCEMENT = /(~?)\{(\d{1,15})([+-]?)\}$/;
/** Longer ones cannot be announcements. */
const ANNOUNCEMENT_BYTES_MAX = 20;

export class CommandReader {
  readonly #connection: ClientConnection;
  readonly #rules: ReaderRules;
  readonly #received: ReceivedBytes[] = [];
  readonly #literals: LiteralContent[] = [];
  #text = '';
  #memoryBytes = 0;
  #messageBytes = 0;
  #skippedBytes = 0;
  #refusal: Outcome | undefined;

  constructor(connection: ClientConnection, rules: ReaderRules) {
    this.#connection = connection;
    this.#rules = rules;
  }

  get #bytesMax(): number {
    return this.#rules.loggedIn ? IMAP_LIMITS.commandBytesMax : IMAP_LIMITS.commandBeforeLoginBytesMax;
  }

  /** Waits for the first line of a command, however long. */
  firstLine(): Promise<Buffer | 'too-long' | 'closed'> {
    return this.#connection.readLine(this.#bytesMax);
  }

  /** Reads the rest of the command that begins with `line`. */
  async read(line: Buffer | 'too-long'): Promise<ReadCommand> {
    if (line === 'too-long') return refused('*', tooLong(this.#bytesMax));
    this.#text = line.toString('latin1');
    let head: CommandHead;
    try {
      head = readHead(new ImapScanner({ text: this.#text, literals: [] }));
    } catch (error) {
      if (!(error instanceof ImapSyntaxError)) throw error;
      const tag = tagOf(this.#text);
      return (await this.#consume(bad(error.message), undefined)) === 'closed' ? { kind: 'closed' } : this.#refusedNow(tag);
    }
    const chosen = this.#rules.choose(head.name);
    const command = 'status' in chosen ? undefined : chosen;
    const end = await this.#consume('status' in chosen ? chosen : undefined, command);
    if (end === 'closed') return { kind: 'closed' };
    if (this.#refusal || !command) return this.#refusedNow(head.tag);
    const scanner = new ImapScanner({ text: this.#text, literals: this.#literals }, { utf8: this.#rules.utf8 });
    readHead(scanner);
    return { kind: 'command', head, command, scanner };
  }

  #refusedNow(tag: string): ReadCommand {
    return refused(tag, this.#refusal ?? bad('the command could not be read'), this.#skippedBytes > IMAP_LIMITS.discardBytesMax);
  }

  /** Takes in the literals and lines that follow, until the command is over or refused. */
  async #consume(refusal: Outcome | undefined, command: Command | undefined): Promise<'done' | 'closed'> {
    this.#refusal = refusal;
    for (;;) {
      const announced = announcementAt(this.#text);
      if (!announced) return 'done';
      this.#refusal ??= this.#judge(announced, command) ?? (await this.#askCommand(announced, command));
      // The client waits to hear whether it may send the literal; it may not, and the command is over.
      if (this.#refusal && announced.synchronising) return 'done';
      if ((await this.#takeLiteral(announced, command)) === 'closed') return 'closed';
      if (this.#skippedBytes > IMAP_LIMITS.discardBytesMax) return 'done';
      const line = await this.#connection.readLine(this.#bytesMax);
      if (line === 'closed') return 'closed';
      if (line === 'too-long' || this.#text.length + line.length > this.#bytesMax) {
        this.#refusal ??= tooLong(this.#bytesMax);
        if (line === 'too-long') return 'done';
      }
      this.#text = this.#refusal ? line.toString('latin1') : `${this.#text}\r\n${line.toString('latin1')}`;
    }
  }

  /** Why a literal is not taken; undefined when it is. */
  #judge({ size }: Announcement, command: Command | undefined): Outcome | undefined {
    const { loggedIn, messageBytesMax } = this.#rules;
    if (this.#literals.length >= IMAP_LIMITS.literalsMax) return bad(`a command may have ${IMAP_LIMITS.literalsMax} literals`, 'TOOBIG');
    if (command?.takesMessages) {
      if (size > messageBytesMax) return no(`messages may have ${messageBytesMax} bytes`, 'TOOBIG');
      if (this.#messageBytes + size > Math.max(messageBytesMax, IMAP_LIMITS.appendBytesMax)) return no('these are too many messages for one command', 'TOOBIG');
      return undefined;
    }
    const max = loggedIn ? IMAP_LIMITS.literalBytesMax : IMAP_LIMITS.literalBeforeLoginBytesMax;
    if (size > max || this.#memoryBytes + size > IMAP_LIMITS.literalsBytesMax) return bad(`a literal here may have ${max} bytes`, 'TOOBIG');
    return undefined;
  }

  /** All messages of the command count: it takes all or none. Who does not wait for an answer sends the message anyway. */
  async #askCommand({ size, synchronising }: Announcement, command: Command | undefined): Promise<Outcome | undefined> {
    if (!command?.refuseMessage || !synchronising) return undefined;
    const scanner = new ImapScanner({ text: this.#text, literals: this.#literals }, { utf8: this.#rules.utf8 });
    readHead(scanner);
    return this.#rules.refuseMessage(command, scanner, this.#messageBytes + size);
  }

  async #takeLiteral(announced: Announcement, command: Command | undefined): Promise<'taken' | 'closed'> {
    const { size, binary } = announced;
    if (this.#refusal) {
      this.#skippedBytes += size;
      if (this.#skippedBytes > IMAP_LIMITS.discardBytesMax) return 'taken';
      return (await this.#connection.skip(size)) === 'closed' ? 'closed' : 'taken';
    }
    if (announced.synchronising) this.#connection.write('+ go ahead\r\n');
    if (command?.takesMessages) return this.#receive(size, binary);
    const bytes = await this.#connection.readBytes(size);
    if (bytes === 'closed') return 'closed';
    this.#memoryBytes += size;
    this.#literals.push({ binary, content: new BufferSource(bytes) });
    return 'taken';
  }

  async #receive(size: number, binary: boolean): Promise<'taken' | 'closed'> {
    try {
      const received = await this.#connection.receive(size);
      if (received === 'closed') return 'closed';
      this.#received.push(received);
      this.#messageBytes += size;
      this.#literals.push({ binary, content: received.content });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#refusal = no(error.message, 'UNAVAILABLE');
    }
    return 'taken';
  }

  /** Removes what was received; to be called when the command is over. */
  async discard(): Promise<void> {
    for (const received of this.#received.splice(0)) await received.discard();
  }
}

const refused = (tag: string, outcome: Outcome, ends = false): ReadCommand => ({ kind: 'refused', tag, outcome, ends });
const tooLong = (bytesMax: number): Outcome => bad(`a command may have ${bytesMax} bytes`, 'TOOBIG');

function readHead(scanner: ImapScanner): CommandHead {
  const tag = scanner.tag();
  scanner.space();
  const name = scanner.keyword('a command');
  if (name !== 'UID') return { tag, name };
  scanner.space();
  return { tag, name: `UID ${scanner.keyword('a command')}` };
}

/** Of a command that cannot be read otherwise; `*` when it has none. */
function tagOf(text: string): string {
  try {
    return new ImapScanner({ text, literals: [] }).tag();
  } catch {
    return '*';
  }
}

/** What the line announces at its end. The text may have earlier literals in it: only its end counts. */
function announcementAt(text: string): Announcement | undefined {
  if (!text.endsWith('}')) return undefined;
  const found = ANNOUNCEMENT.exec(text.slice(-ANNOUNCEMENT_BYTES_MAX));
  return found ? { size: Number(found[2]), binary: found[1] === '~', synchronising: found[3] === '' } : undefined;
}

