/**
 * One ManageSieve session: reads a command with its strings, carries it out, answers. RFC 5804.
 *
 * Policy: commands run one after another. A string that is too large is read and dropped, and the command refused; who
 * has not logged in may send little. A name that nobody knows and a line that cannot be read count as bad.
 */
import { MANAGESIEVE_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { formatString, parseCommandLine, type ManageSieveArgument } from '../../wire/managesieve/command.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import { SignIn } from '../sign-in.ts';
import { writeCapabilities } from './commands/connection.ts';
import type { ManageSieveCommand, ManageSievePorts, ManageSieveSession, ResponseCode } from './managesieve-command.ts';

type Read =
  | { readonly kind: 'command'; readonly word: string; readonly values: readonly ManageSieveArgument[] }
  | { readonly kind: 'malformed' }
  /** One of its strings is larger than may be; it was read to its end. */
  | { readonly kind: 'too-large' }
  | { readonly kind: 'closed' };

/** Of Failures that the store throws for what a client did (RFC 5804 §1.3). */
const CODES: Readonly<Record<string, ResponseCode>> = {
  'script-unknown': 'NONEXISTENT', 'script-active': 'ACTIVE', 'script-exists': 'ALREADYEXISTS', 'script-too-large': 'QUOTA/MAXSIZE', 'too-many-scripts': 'QUOTA/MAXSCRIPTS',
};

export class Session implements ManageSieveSession {
  readonly ports: ManageSievePorts;
  readonly connection: ClientConnection;
  readonly signIn: SignIn;
  readonly #commands: ReadonlyMap<string, ManageSieveCommand>;
  #isOver = false;
  #badCommands = 0;

  constructor(ports: ManageSievePorts, commands: ReadonlyMap<string, ManageSieveCommand>, connection: ClientConnection) {
    this.ports = ports;
    this.#commands = commands;
    this.connection = connection;
    this.signIn = new SignIn(ports, 'sieve', connection);
  }

  get isLoggedIn(): boolean {
    return this.connection.account !== undefined;
  }

  get account(): string {
    if (this.connection.account === undefined) throw new Error('no account before log-in');
    return this.connection.account;
  }

  async serve(): Promise<void> {
    writeCapabilities(this);
    this.ok(`${this.ports.hostname} ManageSieve ready`);
    while (!this.#isOver) {
      const read = await this.#read();
      if (read.kind === 'closed') return;
      if (read.kind === 'malformed') this.#bad('this cannot be read');
      else if (read.kind === 'too-large') this.no(`a script may have ${SIEVE_LIMITS.scriptBytesMax} bytes at most`, 'QUOTA/MAXSIZE');
      else await this.#command(read.word, read.values);
    }
  }

  logOut(): void {
    this.connection.leaveAccount();
  }

  ok(text: string, code?: ResponseCode): void {
    this.#badCommands = 0;
    this.#answer('OK', text, code);
  }

  no(text: string, code?: ResponseCode): void {
    this.#answer('NO', text, code);
  }

  write(text: string): void {
    this.connection.write(text);
  }

  leave(): void {
    this.#isOver = true;
  }

  async readString(): Promise<Buffer | 'malformed' | 'closed'> {
    const read = await this.#readPieces(false);
    if (read.kind === 'closed') return 'closed';
    if (read.kind !== 'command' || read.values.length !== 1) return 'malformed';
    const [value] = read.values;
    return value?.kind === 'string' ? value.bytes : 'malformed';
  }

  #read(): Promise<Read> {
    return this.#readPieces(true);
  }

  /** A line, and as long as lines end in literals those and the lines behind them. */
  async #readPieces(isCommand: boolean): Promise<Read> {
    const values: ManageSieveArgument[] = [];
    let word = '';
    let isTooLarge = false;
    for (let isFirst = isCommand; ; isFirst = false) {
      const line = await this.connection.readLine(MANAGESIEVE_LIMITS.lineBytesMax);
      if (line === 'closed') return { kind: 'closed' };
      const piece = line === 'too-long' ? undefined : parseCommandLine(line, isFirst);
      if (piece?.kind !== 'pieces') return { kind: 'malformed' };
      word = piece.word ?? word;
      values.push(...piece.arguments);
      if (values.length > MANAGESIEVE_LIMITS.argumentsMax) return { kind: 'malformed' };
      if (piece.literal === undefined) return isTooLarge ? { kind: 'too-large' } : { kind: 'command', word, values };
      const bytes = await this.#literal(piece.literal);
      if (bytes === 'closed') return { kind: 'closed' };
      if (bytes === 'dropped') isTooLarge = true;
      else values.push({ kind: 'string', bytes });
    }
  }

  async #literal(size: number): Promise<Buffer | 'dropped' | 'closed'> {
    const max = this.isLoggedIn ? SIEVE_LIMITS.scriptBytesMax : MANAGESIEVE_LIMITS.lineBytesMax;
    if (size <= max) return this.connection.readBytes(size);
    // Nobody sends so much by mistake.
    if (size > MANAGESIEVE_LIMITS.droppedBytesMax) {
      this.connection.write('BYE "this is far too much"\r\n');
      return 'closed';
    }
    return (await this.connection.skip(size)) === 'closed' ? 'closed' : 'dropped';
  }

  async #command(word: string, values: readonly ManageSieveArgument[]): Promise<void> {
    const command = this.#commands.get(word);
    if (!command) return this.#bad('no such command');
    if (command.when === 'logged in' && !this.isLoggedIn) return this.#bad('log in first');
    if (command.when === 'before log-in' && this.isLoggedIn) return this.#bad('you are logged in already');
    if (!fits(command.signature, values)) return this.#bad(`the arguments of ${word} are wrong`);
    try {
      await command.run(this, values);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.temporary) this.ports.log.error('managesieve.command-failed', { command: word, code: error.code, error: String(error.cause ?? error) });
      this.no(error.message, error.temporary ? 'TRYLATER' : CODES[error.code]);
    }
  }

  #bad(text: string): void {
    this.no(text);
    this.#badCommands += 1;
    if (this.#badCommands < MANAGESIEVE_LIMITS.badCommandsMax) return;
    this.write('BYE "too many errors"\r\n');
    this.leave();
  }

  #answer(kind: 'OK' | 'NO', text: string, code: ResponseCode | undefined): void {
    const named = code === undefined ? '' : typeof code === 'string' ? ` (${code})` : ` (${code.name} ${formatString(code.value)})`;
    this.write(`${kind}${named} ${formatString(text)}\r\n`);
  }
}

function fits(signature: string, values: readonly ManageSieveArgument[]): boolean {
  const letters = signature.replace('?', '');
  const least = signature.endsWith('?') ? letters.length - 1 : letters.length;
  if (values.length < least || values.length > letters.length) return false;
  return values.every(({ kind }, at) => kind === (letters[at] === 'n' ? 'number' : 'string'));
}
