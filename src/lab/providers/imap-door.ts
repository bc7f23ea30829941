/**
 * The mailboxes of a simulated provider over IMAP, as much of it as reading seed accounts needs (RFC 9051): log in, list,
 * open read-only, search by date, fetch headers and messages. Any address of the provider has a mailbox, the password is
 * the same for all: nothing here is worth guarding. As real providers do, it writes its Authentication-Results on top.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { formatDateTime } from '../../wire/imap/date-time.ts';
import type { InboxMessage, ProviderMailbox } from './mailbox.ts';

export const LAB_SEED_PASSWORD = 'lab';

export interface ImapDoorOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Of the provider: authserv-id of its results. */
  readonly mxHost: string;
  readonly domains: readonly string[];
  readonly mailbox: ProviderMailbox;
}

export interface ImapDoor {
  readonly port: number;
  stop(): Promise<void>;
}

const FOLDERS = { INBOX: 'inbox', Spam: 'spam' } as const;
const LINE_CHARS_MAX = 8192;

/** Rejects with the system's error when the address cannot be bound. */
export async function startImapDoor(options: ImapDoorOptions): Promise<ImapDoor> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    serve(socket, options).catch(() => socket.destroy());
  });
  server.listen(options.port, options.address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the IMAP door has no port');
  return {
    port: bound.port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(socket: Socket, options: ImapDoorOptions): Promise<void> {
  const session = new ImapDoorSession(socket, options);
  socket.write('* OK lab ready\r\n');
  for await (const line of createInterface({ input: socket })) {
    if (line.length > LINE_CHARS_MAX) break;
    if ((await session.line(line)) === 'bye') break;
  }
  socket.end();
}

interface Numbered {
  readonly uid: number;
  readonly message: InboxMessage;
}

class ImapDoorSession {
  readonly #socket: Socket;
  readonly #options: ImapDoorOptions;
  #address: string | undefined;
  #folder: InboxMessage['folder'] = 'inbox';
  /** Of an AUTHENTICATE whose response is awaited. */
  #pending: string | undefined;

  constructor(socket: Socket, options: ImapDoorOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  async line(line: string): Promise<'bye' | undefined> {
    if (this.#pending !== undefined) {
      const tag = this.#pending;
      this.#pending = undefined;
      this.#plain(tag, line);
      return undefined;
    }
    const [, tag = '*', uid, verb = '', rest = ''] = /^(\S{1,64}) (UID )?(\S{1,32})(?: (.*))?$/i.exec(line) ?? [];
    if (!this.#socket.writable) return 'bye';
    return this.#command(tag, `${uid === undefined ? '' : 'UID '}${verb}`.toUpperCase(), rest);
  }

  async #command(tag: string, verb: string, rest: string): Promise<'bye' | undefined> {
    switch (verb) {
      case 'CAPABILITY':
        return this.#say(tag, 'OK done', '* CAPABILITY IMAP4rev1 AUTH=PLAIN SPECIAL-USE');
      case 'NOOP':
        return this.#say(tag, 'OK done');
      case 'LOGOUT':
        this.#say(tag, 'OK done', '* BYE');
        return 'bye';
      case 'LOGIN': {
        const [user = '', password = ''] = strings(rest);
        return this.#logIn(tag, user, password);
      }
      case 'AUTHENTICATE':
        return this.#authenticate(tag, rest);
    }
    if (this.#address === undefined) return this.#say(tag, 'NO log in first');
    switch (verb) {
      case 'LIST':
      case 'LSUB':
        return this.#say(tag, 'OK done', `* ${verb} (\\HasNoChildren) "/" INBOX`, `* ${verb} (\\HasNoChildren \\Junk) "/" Spam`);
      case 'SELECT':
      case 'EXAMINE':
        return this.#open(tag, strings(rest)[0] ?? '');
      case 'UID SEARCH':
        return this.#say(tag, 'OK done', `* SEARCH ${this.#since(rest).map(({ uid }) => uid).join(' ')}`.trimEnd());
      case 'UID FETCH':
        return this.#fetch(tag, rest);
    }
    return this.#say(tag, `BAD the lab does not know ${verb.slice(0, 40)}`);
  }

  #authenticate(tag: string, rest: string): undefined {
    const [mechanism = '', initial] = rest.split(' ');
    if (mechanism.toUpperCase() !== 'PLAIN') return this.#say(tag, 'NO only PLAIN');
    if (initial !== undefined) return this.#plain(tag, initial);
    this.#pending = tag;
    this.#socket.write('+ \r\n');
    return undefined;
  }

  #plain(tag: string, response: string): undefined {
    const [, user = '', password = ''] = Buffer.from(response, 'base64').toString('utf8').split('\0');
    return this.#logIn(tag, user, password);
  }

  #logIn(tag: string, user: string, password: string): undefined {
    const domain = user.slice(user.lastIndexOf('@') + 1).toLowerCase();
    if (password !== LAB_SEED_PASSWORD || !this.#options.domains.includes(domain)) return this.#say(tag, 'NO [AUTHENTICATIONFAILED] wrong address or password');
    this.#address = user;
    return this.#say(tag, 'OK logged in');
  }

  #open(tag: string, name: string): undefined {
    const known = Object.entries(FOLDERS).find(([folder]) => folder.toUpperCase() === name.toUpperCase());
    if (!known) return this.#say(tag, 'NO there is no such mailbox');
    [, this.#folder] = known;
    return this.#say(tag, 'OK [READ-ONLY] open', `* ${this.#messages().length} EXISTS`, '* OK [UIDVALIDITY 1]', '* FLAGS ()');
  }

  /** Numbered over both folders in the order of arrival, so that a number never changes. */
  #messages(): readonly Numbered[] {
    return this.#options.mailbox.list(this.#address).map((message, at) => ({ uid: at + 1, message })).filter(({ message }) => message.folder === this.#folder);
  }

  #since(keys: string): readonly Numbered[] {
    const day = /\bSINCE (\d{1,2}-[A-Za-z]{3}-\d{4})/i.exec(keys)?.[1];
    const from = day === undefined ? -Infinity : Date.parse(`${day.replaceAll('-', ' ')} UTC`);
    return this.#messages().filter(({ message }) => Date.parse(message.receivedAt) >= from);
  }

  async #fetch(tag: string, rest: string): Promise<undefined> {
    const [set = ''] = rest.split(' ', 1);
    const wanted = new Set(set.split(',').map(Number));
    for (const { uid, message } of this.#messages()) {
      if (!wanted.has(uid)) continue;
      const content = await this.#content(message);
      const header = content.subarray(0, content.indexOf('\r\n\r\n') + 4);
      const [section, bytes] = /HEADER\.FIELDS/i.test(rest)
        ? ['BODY[HEADER.FIELDS (MESSAGE-ID)]', Buffer.from(`Message-ID: ${message.messageId}\r\n\r\n`)] as const
        : /BODY(?:\.PEEK)?\[HEADER\]/i.test(rest) ? [`BODY[HEADER]${/<0\.\d+>/.test(rest) ? '<0>' : ''}`, header] as const : ['BODY[]', content] as const;
      this.#socket.write(`* ${uid} FETCH (UID ${uid} INTERNALDATE "${formatDateTime(Date.parse(message.receivedAt))}" ${section} {${bytes.length}}\r\n`);
      this.#socket.write(bytes);
      this.#socket.write(')\r\n');
    }
    return this.#say(tag, 'OK done');
  }

  async #content(message: InboxMessage): Promise<Buffer> {
    const raw = (await this.#options.mailbox.raw(message.id)) ?? Buffer.alloc(0);
    const results = `Authentication-Results: ${this.#options.mxHost};\r\n\tspf=${message.spf} smtp.mailfrom=${message.mailFrom};\r\n\tdkim=${message.dkim};\r\n\tdmarc=${message.dmarc}\r\n`;
    return Buffer.concat([Buffer.from(results), raw]);
  }

  #say(tag: string, status: string, ...untagged: readonly string[]): undefined {
    this.#socket.write([...untagged, `${tag} ${status}`].map((line) => `${line}\r\n`).join(''));
  }
}

/** Quoted strings and atoms. */
function strings(text: string): readonly string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, inQuotes, atom = '']) => inQuotes?.replace(/\\(.)/g, '$1') ?? atom);
}
