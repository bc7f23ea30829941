/**
 * One POP3 session: reads a command, carries it out, answers, until the client quits or leaves. RFC 1939.
 *
 * Policy: commands run one after another, so that a client may pipeline all of them (RFC 2449 §6.6); answers to what
 * came together leave together. An end without QUIT deletes nothing.
 */
import { POP3_LIMITS } from '../../base/access-limits.ts';
import { Failure } from '../../base/errors.ts';
import { parsePop3Command } from '../../wire/pop3/command.ts';
import type { ClientConnection } from '../connection/client-connection.ts';
import { SignIn } from '../sign-in.ts';
import { Maildrop } from './maildrop.ts';
import type { Pop3Command, Pop3Ports, Pop3Session, Pop3State } from './pop3-command.ts';

export class Session implements Pop3Session {
  readonly ports: Pop3Ports;
  readonly connection: ClientConnection;
  readonly signIn: SignIn;
  user = '';
  readonly #commands: ReadonlyMap<string, Pop3Command>;
  #maildrop: Maildrop | undefined;
  #unlock: (() => void) | undefined;
  #isOver = false;
  #badCommands = 0;

  constructor(ports: Pop3Ports, commands: ReadonlyMap<string, Pop3Command>, connection: ClientConnection) {
    this.ports = ports;
    this.#commands = commands;
    this.connection = connection;
    this.signIn = new SignIn(ports, 'pop3', connection);
  }

  get state(): Pop3State {
    return this.#maildrop ? 'transaction' : 'authorization';
  }

  get maildrop(): Maildrop {
    if (!this.#maildrop) throw new Error('no maildrop before log-in');
    return this.#maildrop;
  }

  async serve(): Promise<void> {
    this.ok(`${this.ports.hostname} POP3 ready`);
    try {
      while (!this.#isOver) {
        const line = await this.connection.readLine(POP3_LIMITS.commandBytesMax);
        if (line === 'closed') return;
        if (line === 'too-long') this.#bad('this line is too long');
        else await this.#command(line.toString('utf8'));
      }
    } finally {
      await this.#release();
    }
  }

  async open(account: string): Promise<void> {
    const unlock = this.ports.locks.take(account);
    if (!unlock) return this.#refuse('IN-USE', 'another POP3 session has this mailbox; try again when it has ended');
    // Also when the connection ends while a command runs.
    this.connection.onClose(unlock);
    try {
      this.#maildrop = await Maildrop.open(this.ports.mailboxes, account);
    } catch (error) {
      unlock();
      this.ports.log.error('pop3.mailbox-failed', { account, error: String(error) });
      return this.#refuse('SYS/TEMP', 'the mailbox cannot be read now; try again later');
    }
    this.#unlock = unlock;
    if (!this.#maildrop) return this.#refuse('SYS/PERM', 'this account has no mailbox');
    const { count, sizeBytes } = this.#maildrop.totals();
    this.ok(`${count} messages (${sizeBytes} octets)`);
  }

  async close(): Promise<void> {
    await this.#maildrop?.update();
    this.#maildrop = undefined;
    this.#unlock?.();
  }

  leave(): void {
    this.#isOver = true;
  }

  ok(text: string): void {
    this.#badCommands = 0;
    this.connection.write(`+OK ${text}\r\n`);
  }

  fail(text: string, code?: string): void {
    this.connection.write(code === undefined ? `-ERR ${text}\r\n` : `-ERR [${code}] ${text}\r\n`);
  }

  async list(lines: Iterable<string>): Promise<boolean> {
    let batch = '';
    let rows = 0;
    for (const line of lines) {
      batch += `${line}\r\n`;
      rows += 1;
      if (rows % POP3_LIMITS.rowsAtOnce !== 0) continue;
      this.connection.write(batch);
      batch = '';
      if (!(await this.connection.drained())) return false;
    }
    this.connection.write(`${batch}.\r\n`);
    return true;
  }

  async #command(line: string): Promise<void> {
    const { verb, argument } = parsePop3Command(line);
    const command = this.#commands.get(verb);
    if (!command) return this.#bad('no such command');
    if (!command.states.includes(this.state)) return this.#bad(this.state === 'authorization' ? 'log in first' : 'you are logged in already');
    try {
      await command.run(this, argument);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.ports.log.error('pop3.command-failed', { command: verb, code: error.code, error: String(error.cause ?? error) });
      this.fail(error.message, error.temporary ? 'SYS/TEMP' : 'SYS/PERM');
    }
  }

  #bad(text: string): void {
    this.fail(text);
    this.#badCommands += 1;
    if (this.#badCommands >= POP3_LIMITS.badCommandsMax) this.leave();
  }

  /** The client is who it says, but has no mailbox to work on. */
  #refuse(code: 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM', text: string): void {
    this.#unlock?.();
    this.connection.leaveAccount();
    this.fail(text, code);
  }

  /** However the session ended. */
  async #release(): Promise<void> {
    try {
      await this.#maildrop?.markRead();
    } catch (error) {
      this.ports.log.warn('pop3.mark-failed', { error: String(error) });
    } finally {
      this.#unlock?.();
    }
  }
}
