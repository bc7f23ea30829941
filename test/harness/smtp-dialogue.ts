/** A bare SMTP client for tests: says what it is told, byte for byte, and returns what it hears. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const REPLY_TIMEOUT_MS = 60_000;

export class SmtpDialogue {
  #socket: Socket;
  #buffer = '';
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static async open(host: string, port: number, options: { localAddress?: string; tls?: { ca: string; servername: string } } = {}): Promise<SmtpDialogue> {
    const socket = options.tls
      ? connectTls({ host, port, ca: options.tls.ca, servername: options.tls.servername })
      : connect({ host, port, ...(options.localAddress ? { localAddress: options.localAddress } : {}) });
    await once(socket, options.tls ? 'secureConnect' : 'connect');
    return new SmtpDialogue(socket);
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      this.#buffer += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next complete reply, lines joined by '\n'; '' when the server closed the connection. */
  async reply(): Promise<string> {
    const deadline = Date.now() + REPLY_TIMEOUT_MS;
    for (;;) {
      const complete = /^(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\r\n/.exec(this.#buffer);
      if (complete) {
        this.#buffer = this.#buffer.slice(complete[0].length);
        return complete[0].trimEnd().replaceAll('\r', '');
      }
      if (this.#ended) return '';
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no reply; heard so far: ${JSON.stringify(this.#buffer)}`)), deadline - Date.now());
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async say(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** STARTTLS was answered 220: encrypts from here. */
  async startTls(ca: string, servername: string): Promise<void> {
    this.#socket.removeAllListeners();
    const secure = connectTls({ socket: this.#socket, ca, servername });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen(secure);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** One whole message on a new connection; the last reply heard. */
export async function sendMessage(
  endpoint: { host: string; port: number },
  mail: { from: string; to: readonly string[]; content: string; helo?: string; localAddress?: string },
): Promise<string> {
  const dialogue = await SmtpDialogue.open(endpoint.host, endpoint.port, mail.localAddress ? { localAddress: mail.localAddress } : {});
  try {
    await dialogue.reply();
    await dialogue.say(`EHLO ${mail.helo ?? 'client.example'}`);
    let last = await dialogue.say(`MAIL FROM:<${mail.from}>`);
    if (!last.startsWith('250')) return last;
    for (const recipient of mail.to) {
      last = await dialogue.say(`RCPT TO:<${recipient}>`);
      if (!last.startsWith('250')) return last;
    }
    last = await dialogue.say('DATA');
    if (!last.startsWith('354')) return last;
    return await dialogue.say(`${mail.content.replace(/^\./gm, '..')}\r\n.`);
  } finally {
    dialogue.close();
  }
}
