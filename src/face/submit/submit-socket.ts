/**
 * Hands a message to the running server by speaking SMTP to its unix socket `<data-dir>/run/submit.sock`.
 *
 * Policy: every wait has a deadline; a server that is not there, or that answers 4xx to all, is told as `unavailable`, so
 * that the caller can keep the message. Refusals are per recipient. More recipients than one transaction takes go in several.
 */
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface SubmitRequest {
  readonly sender: string;
  readonly recipients: readonly string[];
  readonly body: '7bit' | '8bitmime';
  readonly smtpUtf8: boolean;
  readonly notify?: readonly string[];
  readonly returnContent?: 'full' | 'headers';
  readonly envelopeId?: string;
  /** XVERP: the two delimiters, or ''. */
  readonly verp?: string;
  /** CRLF line ends, not dot-stuffed. */
  readonly content: Buffer;
}

export interface SocketReply {
  readonly code: number;
  /** Lines joined by a blank, without codes. */
  readonly text: string;
}

export interface SubmitResult {
  /** Queue ids, one for each transaction. */
  readonly ids: readonly string[];
  readonly accepted: readonly string[];
  readonly refused: readonly { readonly recipient: string; readonly reply: SocketReply }[];
}

export type SubmitOutcome =
  | ({ readonly kind: 'answered' } & SubmitResult)
  /** Nothing was taken over; trying later may work. */
  | { readonly kind: 'unavailable'; readonly reason: string };

const LIMITS = { recipientsPerTransaction: 500, replyTimeoutMs: 120_000, finalTimeoutMs: 600_000, replyLinesMax: 100 } as const;

export function submitSocketPath(dataDir: string): string {
  return join(dataDir, 'run', 'submit.sock');
}

/** Never rejects. */
export async function submitOverSocket(path: string, heloName: string, request: SubmitRequest): Promise<SubmitOutcome> {
  const result = { ids: [] as string[], accepted: [] as string[], refused: [] as SubmitResult['refused'][number][] };
  let dialogue: Dialogue | undefined;
  try {
    dialogue = await Dialogue.open(path);
    dialogue.expect(await dialogue.read(LIMITS.replyTimeoutMs), 220);
    dialogue.expect(await dialogue.ask(`EHLO ${heloName}`), 250);
    for (let at = 0; at < request.recipients.length; at += LIMITS.recipientsPerTransaction) {
      await transaction(dialogue, request, request.recipients.slice(at, at + LIMITS.recipientsPerTransaction), result);
    }
    dialogue.end();
    return { kind: 'answered', ...result };
  } catch (error) {
    dialogue?.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    // What earlier transactions got through is in the queue; only the rest may be tried again.
    if (result.ids.length === 0) return { kind: 'unavailable', reason };
    const told = new Set([...result.accepted, ...result.refused.map(({ recipient }) => recipient)]);
    const rest = request.recipients.filter((recipient) => !told.has(recipient));
    return { kind: 'answered', ...result, refused: [...result.refused, ...rest.map((recipient) => ({ recipient, reply: { code: 451, text: reason } }))] };
  }
}

export type ProbeOutcome =
  | { readonly kind: 'answered'; readonly replies: readonly { readonly recipient: string; readonly reply: SocketReply }[] }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What the server would answer to each recipient; nothing is sent. Never rejects. */
export async function probeOverSocket(path: string, heloName: string, sender: string, recipients: readonly string[]): Promise<ProbeOutcome> {
  let dialogue: Dialogue | undefined;
  try {
    dialogue = await Dialogue.open(path);
    dialogue.expect(await dialogue.read(LIMITS.replyTimeoutMs), 220);
    dialogue.expect(await dialogue.ask(`EHLO ${heloName}`), 250);
    dialogue.expect(await dialogue.ask(`MAIL FROM:<${sender}>`), 250);
    const replies = [];
    for (const recipient of recipients) replies.push({ recipient, reply: await dialogue.ask(`RCPT TO:<${recipient}>`) });
    dialogue.end();
    return { kind: 'answered', replies };
  } catch (error) {
    dialogue?.destroy();
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

async function transaction(
  dialogue: Dialogue,
  request: SubmitRequest,
  recipients: readonly string[],
  result: { ids: string[]; accepted: string[]; refused: { recipient: string; reply: SocketReply }[] },
): Promise<void> {
  const refuseAll = (reply: SocketReply, whom: readonly string[]): void => {
    if (reply.code < 500) throw new Error(`the server answered ${reply.code} ${reply.text}`);
    for (const recipient of whom) result.refused.push({ recipient, reply });
  };
  const mail = await dialogue.ask(`MAIL FROM:<${request.sender}>${mailParameters(request)}`);
  if (mail.code !== 250) return refuseAll(mail, recipients);
  const notify = request.notify ? ` NOTIFY=${request.notify.join(',').toUpperCase()}` : '';
  const taken: string[] = [];
  let lastTemporary: SocketReply | undefined;
  for (const recipient of recipients) {
    const reply = await dialogue.ask(`RCPT TO:<${recipient}>${notify}`);
    if (reply.code === 250 || reply.code === 251) taken.push(recipient);
    else result.refused.push({ recipient, reply });
    if (reply.code >= 400 && reply.code < 500) lastTemporary = reply;
  }
  if (taken.length === 0) {
    if (lastTemporary) refuseAll(lastTemporary, []);
    await dialogue.ask('RSET');
    return;
  }
  const data = await dialogue.ask('DATA');
  if (data.code !== 354) return refuseAll(data, taken);
  const done = await dialogue.sendContent(request.content);
  if (done.code !== 250) return refuseAll(done, taken);
  result.accepted.push(...taken);
  result.ids.push(/queued as ([0-9A-Za-z]+)/.exec(done.text)?.[1] ?? '');
}

function mailParameters(request: SubmitRequest): string {
  const size = ` SIZE=${request.content.length}`;
  const body = request.body === '8bitmime' ? ' BODY=8BITMIME' : '';
  const utf8 = request.smtpUtf8 ? ' SMTPUTF8' : '';
  const content = request.returnContent ? ` RET=${request.returnContent === 'full' ? 'FULL' : 'HDRS'}` : '';
  const id = request.envelopeId === undefined ? '' : ` ENVID=${toXtext(request.envelopeId)}`;
  const verp = request.verp === undefined ? '' : ` XVERP${request.verp === '' ? '' : `=${request.verp}`}`;
  return size + body + utf8 + content + id + verp;
}

/** RFC 3461 §4. */
function toXtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (character) => `+${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** RFC 5321 §4.5.2. The content ends with CRLF, which prepare-message makes sure of. */
export function dotStuff(content: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let start = 0;
  const dot = Buffer.from('.');
  if (content[0] === 0x2e) pieces.push(dot);
  for (let at = content.indexOf('\r\n.'); at >= 0; at = content.indexOf('\r\n.', at + 2)) {
    pieces.push(content.subarray(start, at + 2), dot);
    start = at + 2;
  }
  pieces.push(content.subarray(start));
  if (content.length > 0 && !content.subarray(-2).equals(Buffer.from('\r\n'))) pieces.push(Buffer.from('\r\n'));
  return Buffer.concat(pieces);
}

class Dialogue {
  readonly #socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.#socket = socket;
    // Errors come out of the reading side too; without a listener they would end the process.
    socket.on('error', () => undefined);
    const lines = createInterface({ input: socket, crlfDelay: Infinity });
    socket.on('close', () => lines.close());
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static open(path: string): Promise<Dialogue> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ path });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        const absent = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
        reject(new Error(absent ? 'the server is not running' : `cannot connect to ${path}: ${error.code ?? error.message}`));
      });
      socket.once('connect', () => resolve(new Dialogue(socket)));
    });
  }

  ask(line: string): Promise<SocketReply> {
    this.#socket.write(`${line}\r\n`);
    return this.read(LIMITS.replyTimeoutMs);
  }

  sendContent(content: Buffer): Promise<SocketReply> {
    this.#socket.write(dotStuff(content));
    this.#socket.write('.\r\n');
    return this.read(LIMITS.finalTimeoutMs);
  }

  async read(limitMs: number): Promise<SocketReply> {
    const timer = setTimeout(() => this.#socket.destroy(new Error('timeout')), limitMs);
    try {
      const texts: string[] = [];
      while (texts.length < LIMITS.replyLinesMax) {
        const next = await this.#lines.next();
        if (next.done) throw new Error('the server closed the connection');
        const match = /^(\d{3})([ -]?)(.*)$/.exec(next.value);
        if (!match) throw new Error('the server does not speak SMTP');
        texts.push(match[3] ?? '');
        if (match[2] !== '-') return { code: Number(match[1]), text: texts.join(' ') };
      }
      throw new Error('the reply of the server does not end');
    } finally {
      clearTimeout(timer);
    }
  }

  expect(reply: SocketReply, code: number): void {
    if (reply.code !== code) throw new Error(`the server answered ${reply.code} ${reply.text}`);
  }

  end(): void {
    this.#socket.end('QUIT\r\n');
    this.#socket.resume();
    this.#socket.unref();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
