/**
 * One IMAP session from the greeting to the end (RFC 9051 §3): reads a command, runs it, tells the selected mailbox's news, writes the tagged line,
 * and so on. Commands run strictly one after another, whatever the client pipelines; answers of several leave in one piece when more commands
 * are waiting already.
 *
 * While the client is silent, news may be told (NOTIFY): `whenQuiet` tasks run then, and a command that arrives meanwhile waits for them.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { ResponseBatch } from '../../wire/imap/response-batch.ts';
import { bad, formatOutcome, no, type Outcome } from '../../wire/imap/response.ts';
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import { MailboxNames } from '../mailbox/namespace.ts';
import { SignIn } from '../sign-in.ts';
import { capabilities } from './capabilities.ts';
import { CommandReader, type ReadCommand } from './command-reader.ts';
import type { Command, EnabledExtensions, EnableName, ImapPorts, ImapSession, ImapState, SelectedMailbox, SessionNotification } from './command.ts';
import { outcomeOfError } from './failure-outcome.ts';
import { Progress } from './progress.ts';
import { QuietTasks } from './quiet-tasks.ts';
import type { CommandRegistry } from './registry.ts';

const NOTHING_ENABLED: EnabledExtensions = { condstore: false, qresync: false, rev2: false, utf8: false, uidOnly: false };

export class Session implements ImapSession {
  readonly ports: ImapPorts;
  readonly connection: ClientConnection;
  readonly signIn: SignIn;
  readonly out = new ResponseBatch();
  notification: SessionNotification | undefined;
  readonly #commands: CommandRegistry;
  readonly #ended = new AbortController();
  readonly #quiet: QuietTasks;
  #account: string | undefined;
  #names: MailboxNames | undefined;
  #selected: SelectedMailbox | undefined;
  #enabled = NOTHING_ENABLED;
  #afterReply: (() => Promise<void> | void)[] = [];
  #leaving = false;
  #badInARow = 0;
  #tag = '';
  #progress: Progress | undefined;

  constructor(ports: ImapPorts, commands: CommandRegistry, connection: ClientConnection) {
    this.ports = ports;
    this.#commands = commands;
    this.connection = connection;
    this.signIn = new SignIn(ports, 'imap', connection);
    this.#quiet = new QuietTasks(async (task) => {
      try {
        await task();
      } catch (error) {
        this.#logTrouble('imap.news-failed', error);
      }
      await this.flush();
    });
    connection.onClose(() => this.#ended.abort(new Error('the connection is closed')));
  }

  get account(): string {
    if (this.#account === undefined) throw new Error('the session is not logged in');
    return this.#account;
  }

  get names(): MailboxNames {
    return (this.#names ??= new MailboxNames(this.account, this.ports.mailboxes));
  }

  get state(): ImapState {
    if (this.#account === undefined) return 'not-authenticated';
    return this.#selected ? 'selected' : 'authenticated';
  }

  get enabled(): EnabledExtensions {
    return this.#enabled;
  }

  get selected(): SelectedMailbox | undefined {
    return this.#selected;
  }

  get tag(): string {
    return this.#tag;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get capabilities(): string {
    const { connection, ports } = this;
    return capabilities(this.#commands, {
      loggedIn: this.#account !== undefined,
      canStartTls: connection.canStartTls,
      plaintextAllowed: connection.plaintextAllowed,
      isCompressed: connection.isCompressed,
      mechanisms: this.signIn.mechanisms,
      messageBytesMax: ports.messageBytesMax,
    });
  }

  enable(name: EnableName): void {
    const before = this.#enabled;
    switch (name) {
      case 'CONDSTORE':
      case 'QRESYNC':
        // RFC 7162 §3.1: with a mailbox selected, the client is told from where on it may count.
        if (!before.condstore && this.#selected) this.out.line(`* OK [HIGHESTMODSEQ ${this.#selected.toldModseq}] the last change`);
        this.#enabled = { ...before, condstore: true, qresync: before.qresync || name === 'QRESYNC' };
        return;
      case 'UIDONLY':
        this.#enabled = { ...before, uidOnly: true };
        return;
      case 'IMAP4REV2':
      case 'UTF8=ACCEPT':
        this.#enabled = { ...before, utf8: true, rev2: before.rev2 || name === 'IMAP4REV2' };
        this.out.utf8 = true;
    }
  }

  select(mailbox: SelectedMailbox | undefined): void {
    if (this.#selected !== mailbox) this.#selected?.close();
    this.#selected = mailbox;
  }

  enter(account: string): void {
    this.#account = account;
  }

  forgetLogin(): void {
    this.#letGo();
    this.connection.leaveAccount();
    this.#account = undefined;
    this.#names = undefined;
    this.#enabled = NOTHING_ENABLED;
    this.out.utf8 = false;
  }

  leave(): void {
    this.#leaving = true;
  }

  afterReply(task: () => Promise<void> | void): void {
    this.#afterReply.push(task);
  }

  async flush(): Promise<void> {
    if (this.out.length > 0) this.connection.write(this.out.take());
    if (!(await this.connection.drained())) throw new ConnectionGone();
  }

  flushWhenFull(): Promise<void> | undefined {
    return this.out.length < IMAP_LIMITS.batchBytes ? undefined : this.flush();
  }

  async sendLiteral(content: ByteSource, options: { readonly start?: number; readonly end?: number; readonly binary?: boolean } = {}): Promise<void> {
    const { start = 0, end = content.size, binary = false } = options;
    if (content.inMemory) {
      this.out.literal(content.inMemory.subarray(start, end), binary);
      return this.flushWhenFull();
    }
    this.out.text(`${binary ? '~' : ''}{${Math.max(0, end - start)}}\r\n`);
    this.connection.write(this.out.take());
    if (!(await this.connection.writeSource(content, start, end))) throw new ConnectionGone();
  }

  progress(done?: number, total?: number): void {
    this.#progress?.reached(done, total);
  }

  async ask(text: string, timeoutMs: number): Promise<Buffer> {
    this.out.line(`+ ${text}`);
    await this.flush();
    this.connection.setIdleTimeout(timeoutMs);
    this.#quiet.open();
    const line = await this.connection.readLine(IMAP_LIMITS.commandBeforeLoginBytesMax);
    await this.#quiet.close();
    this.connection.setIdleTimeout(IMAP_LIMITS.idleTimeoutMs);
    if (line === 'closed') throw new ConnectionGone();
    if (line === 'too-long') throw new ImapSyntaxError('the line is too long');
    return line;
  }

  whenQuiet(task: () => Promise<void> | void): void {
    this.#quiet.add(task);
  }

  /** Until the client leaves or is sent away. Rejects for bugs only. */
  async serve(greeting: string): Promise<void> {
    try {
      this.out.line(`* OK [CAPABILITY ${this.capabilities}] ${greeting}`);
      while (!this.#leaving) await this.#turn();
      this.connection.write(this.out.take());
    } catch (error) {
      if (!(error instanceof ConnectionGone)) throw error;
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    this.select(undefined);
    this.notification?.stop();
    this.notification = undefined;
    this.#quiet.drop();
  }

  async #turn(): Promise<void> {
    if (this.out.length > 0) this.connection.write(this.out.take());
    if (this.connection.hasInput) await this.flush();
    const reader = new CommandReader(this.connection, this.#rules());
    this.#quiet.open();
    const line = await reader.firstLine();
    await this.#quiet.close();
    if (line === 'closed') throw new ConnectionGone();
    try {
      await this.#answer(await reader.read(line));
    } finally {
      await reader.discard();
    }
  }

  #rules(): ConstructorParameters<typeof CommandReader>[1] {
    return {
      loggedIn: this.#account !== undefined,
      utf8: this.#enabled.utf8,
      messageBytesMax: this.ports.messageBytesMax,
      choose: (name) => this.#choose(name),
      refuseMessage: async (command, scanner, bytes) => {
        try {
          return await command.refuseMessage?.(this, scanner, bytes);
        } catch (error) {
          // What cannot be read or asked now is found out, and answered, when the command runs.
          return error instanceof Failure && !error.temporary ? outcomeOfError(error) : undefined;
        }
      },
    };
  }

  #choose(name: string): Command | Outcome {
    const command = this.#commands.get(name);
    if (!command) return bad(`there is no command ${name.slice(0, 40)}`);
    if (command.states.includes(this.state)) return command;
    if (this.state === 'not-authenticated') return bad(`${name}: log in first`);
    return bad(command.states.includes('selected') ? `${name} needs a mailbox: SELECT one first` : `${name}: you are logged in already`);
  }

  async #answer(read: ReadCommand): Promise<void> {
    if (read.kind === 'closed') throw new ConnectionGone();
    if (read.kind === 'refused') {
      this.out.line(formatOutcome(read.tag, read.outcome));
      this.#countBad(read.outcome.status === 'BAD');
      if (read.ends) this.#sendAway('too much was sent that was refused');
      return;
    }
    const { head, command, scanner } = read;
    const outcome = await this.#run(command, () => command.parse(scanner, { enabled: this.#enabled }), head.tag);
    if (outcome.status !== 'BAD') await this.#tellNews(command);
    this.out.line(formatOutcome(head.tag, outcome));
    this.#countBad(outcome.status === 'BAD');
    for (const task of this.#afterReply.splice(0)) {
      this.connection.write(this.out.take());
      await task();
    }
  }

  async #run(command: Command, parse: () => unknown, tag: string): Promise<Outcome> {
    try {
      const argument = parse();
      this.#tag = tag;
      if (!command.isDialogue) this.#progress = new Progress(tag, { clock: this.ports.clock, out: this.out, send: () => this.connection.write(this.out.take()) });
      return await command.run(this, argument);
    } catch (error) {
      if (error instanceof ConnectionGone) throw error;
      if (this.signal.aborted) throw new ConnectionGone();
      const outcome = outcomeOfError(error);
      if (outcome && (outcome.status === 'BAD' || outcome.code !== 'UNAVAILABLE')) return outcome;
      this.#logTrouble('imap.command-failed', error, command.name);
      return outcome ?? no('something went wrong on the server; it is in its log', 'SERVERBUG');
    } finally {
      this.#progress?.stop();
      this.#progress = undefined;
    }
  }

  async #tellNews(command: Command): Promise<void> {
    if (!this.#selected) return;
    try {
      await this.#selected.sync(this, { expunges: command.holdsExpunges ? 'held' : 'told' });
    } catch (error) {
      if (error instanceof ConnectionGone || this.signal.aborted) throw new ConnectionGone();
      // The command has had its effect; the news come with a later one.
      this.#logTrouble('imap.news-failed', error, command.name);
    }
  }

  #countBad(isBad: boolean): void {
    this.#badInARow = isBad ? this.#badInARow + 1 : 0;
    const max = this.#account === undefined ? IMAP_LIMITS.badCommandsBeforeLoginMax : IMAP_LIMITS.badCommandsMax;
    if (this.#badInARow >= max) this.#sendAway('too many commands that could not be read');
  }

  #sendAway(why: string): void {
    this.out.line(`* BYE ${why}`);
    this.#leaving = true;
  }

  #logTrouble(event: string, error: unknown, command?: string): void {
    this.ports.log.error(event, { client: this.connection.client.address, account: this.#account, command, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** The client is gone; nothing more can be said. */
class ConnectionGone extends Error {}
