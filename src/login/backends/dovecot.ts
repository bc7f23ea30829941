/**
 * A running Dovecot that knows the passwords: asked over its auth-client socket with PLAIN, one connection for all, its
 * answers told apart by number. Whether a user exists it says on its auth-userdb socket, when that is configured.
 *
 * Policy: guessing is slowed down here (login-throttle.ts), per client, which that Dovecot cannot see: its own penalty, which
 * would make all our users wait, is declined. FAIL with `temp` is no answer. A connection that ends or stays silent fails all that wait on it; the next
 * question opens another.
 */
import { connect, type Socket } from 'node:net';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { DovecotBackendConfig } from '../../config/login-config.ts';
import { AuthLines, formatAuthLine, parseAuthLine, parseParameters, type AuthFields } from '../../wire/dovecot-auth/line.ts';
import { backendDown, type BackendAnswer, type LoginBackend } from './backend.ts';

export function createDovecotBackend({ name, socket, userdbSocket }: DovecotBackendConfig, log: Log): LoginBackend {
  const passwords = new AuthChannel(socket, (fields) => fields[0] === 'DONE', [`VERSION\t1\t1\nCPID\t${process.pid}\n`]);
  const users = userdbSocket === undefined ? undefined : new AuthChannel(userdbSocket, (fields) => fields[0] === 'SPID', ['VERSION\t1\t0\n']);
  const asking = async (channel: AuthChannel, fields: (id: string) => AuthFields): Promise<AuthFields> => {
    try {
      return await channel.ask(fields);
    } catch (error) {
      if (error instanceof Failure) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      log.warn('login.backend-failed', { backend: name, error: detail });
      throw backendDown(name, detail, error);
    }
  };
  return {
    name,
    check: async ({ user }, password) => {
      if (user.includes('\0') || password.includes('\0')) return { kind: 'wrong' };
      const response = Buffer.from(`\0${user}\0${password}`).toString('base64');
      const answer = await asking(passwords, (id) => ['AUTH', id, 'PLAIN', 'service=smtp', 'nologin', 'secured', 'no-penalty', `resp=${response}`]);
      return answerOf(name, answer);
    },
    exists: async ({ user }) => {
      if (!users) return undefined;
      const answer = await asking(users, (id) => ['USER', id, user, 'service=posthorn']);
      if (answer[0] === 'FAIL') throw backendDown(name, 'it cannot look users up now');
      return answer[0] === 'USER';
    },
    close: async () => {
      passwords.close();
      users?.close();
    },
  };
}

function answerOf(name: string, [command, , ...fields]: AuthFields): BackendAnswer {
  const parameters = parseParameters(fields);
  const user = parameters.get('user');
  if (command === 'OK') return { kind: 'ok', ...(user?.includes('@') ? { address: user } : {}) };
  if (command !== 'FAIL') throw backendDown(name, `it answers ${command.slice(0, 20)}`);
  if (parameters.has('temp') || parameters.get('code') === 'temp_fail') throw backendDown(name, 'it says that it cannot tell now');
  // An unknown user and a wrong password are not told apart.
  return { kind: parameters.has('user_disabled') || parameters.has('pass_expired') ? 'disabled' : 'unknown' };
}

interface Waiting {
  resolve(answer: AuthFields): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

/** One connection, opened when needed. Rejects with plain errors. */
class AuthChannel {
  readonly #where: string;
  readonly #isReady: (fields: AuthFields) => boolean;
  readonly #greeting: readonly string[];
  readonly #waiting = new Map<string, Waiting>();
  #socket: Promise<Socket> | undefined;
  #nextId = 1;

  constructor(where: string, isReady: (fields: AuthFields) => boolean, greeting: readonly string[]) {
    this.#where = where;
    this.#isReady = isReady;
    this.#greeting = greeting;
  }

  async ask(fields: (id: string) => AuthFields): Promise<AuthFields> {
    if (this.#waiting.size >= ACCOUNT_LIMITS.backendWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
    this.#socket ??= this.#open();
    const socket = await this.#socket;
    return new Promise((resolve, reject) => {
      const id = String(this.#nextId++);
      const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${ACCOUNT_LIMITS.backendTimeoutMs / 1000} s`)), ACCOUNT_LIMITS.backendTimeoutMs);
      this.#waiting.set(id, { resolve, reject, timer });
      socket.write(formatAuthLine(fields(id)));
    });
  }

  close(): void {
    this.#socket?.then((socket) => socket.destroy(), () => {});
  }

  #open(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const [, address, port] = /^\[?([0-9a-fA-F.:]+?)\]?:(\d{1,5})$/.exec(this.#where) ?? [];
      const socket = address === undefined ? connect(this.#where) : connect(Number(port), address);
      const lines = new AuthLines(ACCOUNT_LIMITS.backendLineBytesMax);
      let ready = false;
      let trouble: Error | undefined;
      socket.unref();
      const limit = setTimeout(() => socket.destroy(new Error('no greeting in time')), ACCOUNT_LIMITS.backendTimeoutMs);
      socket.once('connect', () => socket.write(this.#greeting.join('')));
      socket.on('data', (piece: Buffer) => {
        const taken = lines.take(piece);
        if (!taken) return socket.destroy(new Error('a line is too long'));
        for (const fields of taken.map(parseAuthLine)) {
          if (!ready && fields[0] === 'VERSION' && fields[1] !== '1') return socket.destroy(new Error(`it speaks version ${fields[1] ?? '?'}`));
          if (ready) this.#hear(fields);
          else if (this.#isReady(fields)) {
            ready = true;
            clearTimeout(limit);
            resolve(socket);
          }
        }
        return undefined;
      });
      socket.on('error', (error) => (trouble = error));
      socket.once('close', () => {
        clearTimeout(limit);
        this.#socket = undefined;
        const error = trouble ?? new Error('the connection ended');
        reject(error);
        for (const waiting of this.#waiting.values()) {
          clearTimeout(waiting.timer);
          waiting.reject(error);
        }
        this.#waiting.clear();
      });
    });
  }

  #hear(fields: AuthFields): void {
    const waiting = this.#waiting.get(fields[1] ?? '');
    if (!waiting) return;
    this.#waiting.delete(fields[1] as string);
    clearTimeout(waiting.timer);
    waiting.resolve(fields);
  }
}
