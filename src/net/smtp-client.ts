/**
 * One SMTP connection as an object: opened, given transactions one after the other, left with QUIT.
 *
 * A transaction costs two round trips: MAIL, all RCPTs (and DATA) in one write where PIPELINING is offered (RFC 2920),
 * then the content. With CHUNKING the content goes as one BDAT (RFC 3030), which needs no dot-stuffing; it is sent only
 * after a recipient was accepted, so that a peer which forgets to skip refused chunks never sees message text as
 * commands. What failed is returned as data, per recipient; nothing throws for what a peer or the network did.
 */
import { SMTP_CLIENT_LIMITS } from '../base/limits.ts';
import type { ByteSource } from '../base/byte-source.ts';
import type { Reply, TlsFacts } from '../contract/message.ts';
import type { PeerVerdict, TlsProblem } from '../contract/tls-policy.ts';
import { DotStuffer } from './dot-stuffing.ts';
import type { SmtpCapabilities } from './smtp-capabilities.ts';
import type { ReceivedReply, SmtpChannel } from './smtp-channel.ts';
import { openChannel, type OpenedChannel, type SmtpPorts, type SmtpTarget } from './smtp-open.ts';
import { mailCommand, rcptCommand } from './smtp-parameters.ts';
import type { SmtpTransaction } from './smtp-transaction.ts';
import { asTrouble, isCommandRefusal, isYes, SmtpError, type SmtpStep, type SmtpTrouble, type StepWatcher } from './smtp-trouble.ts';
import { tlsFacts } from './tls.ts';

/** One per recipient, in their order. */
export type RecipientFate =
  | { readonly kind: 'delivered'; readonly reply: Reply }
  | { readonly kind: 'trouble'; readonly trouble: SmtpTrouble };

export type OpenResult =
  | { readonly kind: 'open'; readonly connection: SmtpConnection }
  | { readonly kind: 'trouble'; readonly trouble: SmtpTrouble };

/** What was said to RCPT, yes or no. */
export type ProbeResult =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'trouble'; readonly trouble: SmtpTrouble };

/** Stands where no recipient is left whose fate it could be. */
const NOBODY_LEFT: Reply = { code: 250, text: '' };

export async function openSmtp(ports: SmtpPorts, target: SmtpTarget, signal?: AbortSignal): Promise<OpenResult> {
  try {
    return { kind: 'open', connection: new SmtpConnection(await openChannel(ports, target, signal)) };
  } catch (error) {
    if (error instanceof SmtpError) return { kind: 'trouble', trouble: error.trouble };
    throw error;
  }
}

export class SmtpConnection {
  readonly tls: TlsFacts | undefined;
  /** What was said of the peer's certificate. */
  readonly verdict: PeerVerdict | undefined;
  /** Why an offered TLS was given up. */
  readonly tlsProblem: TlsProblem | undefined;
  readonly localAddress: string | undefined;
  readonly #channel: SmtpChannel;
  readonly #answersEach: boolean;
  #capabilities: SmtpCapabilities;
  #transactions = 0;
  #needsReset = false;
  #leaving = false;
  /** The peer said something while the content was on its way; that can be a no, but no yes. */
  #answeredEarly = false;

  constructor({ channel, capabilities, verdict, tlsProblem, answersEach }: OpenedChannel) {
    this.#channel = channel;
    this.#answersEach = answersEach;
    this.#capabilities = capabilities;
    this.tls = channel.tls && { ...tlsFacts(channel.tls, 'client'), verified: verdict?.kind === 'accepted' };
    this.verdict = verdict;
    this.tlsProblem = tlsProblem;
    this.localAddress = channel.socket.localAddress;
  }

  get capabilities(): SmtpCapabilities {
    return this.#capabilities;
  }

  /** Something that doWithoutParameters takes away. */
  get offersParameters(): boolean {
    const { size, dsn, eightBitMime, smtpUtf8, chunking } = this.#capabilities;
    return size || dsn || eightBitMime || smtpUtf8 || chunking;
  }

  /** For a server that refuses the parameters, or the command, of extensions which it offers. */
  doWithoutParameters(): void {
    this.#capabilities = { ...this.#capabilities, size: false, dsn: false, eightBitMime: false, binaryMime: false, smtpUtf8: false, chunking: false };
  }

  /** For a server that loses commands which are sent together. */
  doWithoutPipelining(): void {
    this.#capabilities = { ...this.#capabilities, pipelining: false };
  }

  /** Transactions begun on this connection. */
  get transactions(): number {
    return this.#transactions;
  }

  get reusable(): boolean {
    const most = Math.min(SMTP_CLIENT_LIMITS.messagesPerConnectionMax, this.capabilities.mailMax ?? Number.MAX_SAFE_INTEGER);
    return !this.#leaving && this.#channel.usable && this.#transactions < most;
  }

  /** Calls back when the peer ends the connection while it is idle; undefined to stop. */
  watchIdle(onEnd: (() => void) | undefined): void {
    this.#channel.watchIdle(onEnd);
  }

  /** Polite and without waiting. */
  quit(): void {
    this.#leaving = true;
    this.#channel.quit();
  }

  destroy(): void {
    this.#leaving = true;
    this.#channel.destroy('given up');
  }

  /** Exactly one fate per recipient. An abort ends the connection. */
  async send(transaction: SmtpTransaction, signal?: AbortSignal, onStep?: StepWatcher): Promise<readonly RecipientFate[]> {
    this.#transactions += 1;
    this.#channel.watchSteps(onStep);
    const onAbort = (): void => this.#channel.destroy('we are shutting down', true);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const limit = this.#channel.limit(SMTP_CLIENT_LIMITS.transactionTimeoutMs);
    const fates: (RecipientFate | undefined)[] = transaction.recipients.map(() => undefined);
    let rest: RecipientFate;
    try {
      rest = { kind: 'delivered', reply: await this.#transact(transaction, fates) };
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      rest = { kind: 'trouble', trouble: error.trouble };
      this.#needsReset = true;
      if (error.trouble.kind !== 'reply') this.destroy();
    } finally {
      limit.cancel();
      signal?.removeEventListener('abort', onAbort);
      this.#channel.watchSteps(undefined);
    }
    return fates.map((fate) => fate ?? rest);
  }

  /**
   * Asks whether the server would take mail for this address: the null sender, RCPT, no content. A server that was asked
   * so is left with QUIT, which takes the transaction back (RFC 5321 §4.1.1.10).
   */
  async probe(recipient: string, signal?: AbortSignal): Promise<ProbeResult> {
    this.#transactions += 1;
    const onAbort = (): void => this.#channel.destroy('there is no time left', true);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const utf8 = /[^\0-\x7f]/.test(recipient) && this.capabilities.smtpUtf8 ? ' SMTPUTF8' : '';
      this.#channel.write(`MAIL FROM:<>${utf8}\r\n`);
      const mail = await this.#channel.read('mail', SMTP_CLIENT_LIMITS.mailTimeoutMs);
      if (!isYes(mail.reply)) throw this.#refusal('mail', mail);
      this.#channel.write(`RCPT TO:<${recipient}>\r\n`);
      const rcpt = await this.#channel.read('rcpt', SMTP_CLIENT_LIMITS.rcptTimeoutMs);
      return { kind: 'reply', reply: rcpt.reply };
    } catch (error) {
      if (!(error instanceof SmtpError)) throw error;
      return { kind: 'trouble', trouble: error.trouble };
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.quit();
    }
  }

  /** The reply to the content; recipients refused before it get their fates set. */
  async #transact(transaction: SmtpTransaction, fates: (RecipientFate | undefined)[]): Promise<Reply> {
    const offers = this.capabilities;
    const withData = offers.pipelining && !offers.chunking;
    this.#expectQuiet();
    const accepted = await this.#envelope(transaction, fates, withData);
    if (accepted instanceof SmtpError) {
      // Whatever it waits for now must not become an empty message.
      if (withData && (await this.#dataReply()).reply.code === 354) this.destroy();
      throw accepted;
    }
    if (accepted === 0) {
      // RFC 2920 §3.1: a server may say 354 although it took no recipient; it gets nothing.
      if (withData && (await this.#dataReply()).reply.code === 354) await this.#emptyContent();
      this.#needsReset = true;
      return NOBODY_LEFT;
    }
    if (offers.chunking) {
      this.#channel.expectQuiet('data');
      return this.#sendChunk(transaction.content, fates);
    }
    if (!withData) this.#channel.write('DATA\r\n');
    const goAhead = await this.#dataReply();
    if (goAhead.reply.code !== 354) throw this.#refusal('data', goAhead);
    // An answer to the content that comes before it says nothing about it.
    this.#channel.expectQuiet('data');
    return this.#sendStuffed(transaction.content, fates);
  }

  /** The number of recipients accepted, or what was said to MAIL. */
  async #envelope(transaction: SmtpTransaction, fates: (RecipientFate | undefined)[], withData: boolean): Promise<number | SmtpError> {
    const { pipelining } = this.capabilities;
    const reset = this.#needsReset ? 'RSET\r\n' : '';
    const mail = mailCommand(transaction, this.capabilities);
    const rcpts = transaction.recipients.map((recipient) => rcptCommand(recipient, this.capabilities));
    if (pipelining) this.#channel.write(`${reset}${mail}${rcpts.join('')}${withData ? 'DATA\r\n' : ''}`);
    if (reset) await this.#reset(pipelining);
    if (!pipelining) this.#channel.write(mail);
    const mailAnswer = await this.#channel.read('mail', SMTP_CLIENT_LIMITS.mailTimeoutMs);
    const mailRefusal = isYes(mailAnswer.reply) ? undefined : this.#refusal('mail', mailAnswer);
    if (mailRefusal && !pipelining) return mailRefusal;
    let accepted = 0;
    for (const [index, rcpt] of rcpts.entries()) {
      if (!pipelining) this.#channel.write(rcpt);
      const answer = await this.#readAfter('rcpt', SMTP_CLIENT_LIMITS.rcptTimeoutMs, mailRefusal);
      if (mailRefusal) continue;
      if (isYes(answer.reply)) accepted += 1;
      else {
        const refused = this.#refusal('rcpt', answer);
        if (refused.trouble.kind !== 'reply') throw refused;
        fates[index] = { kind: 'trouble', trouble: refused.trouble };
      }
    }
    return mailRefusal ?? accepted;
  }

  /** After a refused MAIL the answers to what was pipelined behind it say nothing new, nor does a peer that hangs up. */
  async #readAfter(step: SmtpStep, timeoutMs: number, refusal: SmtpError | undefined): Promise<ReceivedReply> {
    try {
      return await this.#channel.read(step, timeoutMs);
    } catch (error) {
      throw refusal ?? error;
    }
  }

  async #reset(sent: boolean): Promise<void> {
    if (!sent) this.#channel.write('RSET\r\n');
    const answer = await this.#channel.read('rset', SMTP_CLIENT_LIMITS.mailTimeoutMs);
    if (!isYes(answer.reply)) {
      // Answers to what was pipelined behind it may still come; nobody would know to what they belong.
      this.#leaving = true;
      throw this.#refusal('rset', answer);
    }
    this.#needsReset = false;
  }

  #dataReply(): Promise<ReceivedReply> {
    return this.#channel.read('data', SMTP_CLIENT_LIMITS.dataInitTimeoutMs);
  }

  async #emptyContent(): Promise<void> {
    this.#channel.write('.\r\n');
    await this.#channel.read('end-of-data', SMTP_CLIENT_LIMITS.dataDoneTimeoutMs);
  }

  async #sendChunk(content: ByteSource, fates: (RecipientFate | undefined)[]): Promise<Reply> {
    const command = `BDAT ${content.size} LAST\r\n`;
    if (content.inMemory) this.#channel.writePieces([command, content.inMemory]);
    else {
      this.#channel.write(command);
      await this.#stream(content, (chunk) => [chunk]);
    }
    try {
      return await this.#answers(fates);
    } catch (error) {
      // A server that does not know BDAT takes the content for commands.
      if (error instanceof SmtpError && error.trouble.kind === 'reply' && isCommandRefusal(error.trouble.reply.code)) this.destroy();
      throw error;
    }
  }

  async #sendStuffed(content: ByteSource, fates: (RecipientFate | undefined)[]): Promise<Reply> {
    const stuffer = new DotStuffer();
    if (content.inMemory) this.#channel.writePieces([...stuffer.push(content.inMemory), stuffer.end()]);
    else {
      await this.#stream(content, (chunk) => stuffer.push(chunk));
      this.#answeredEarly ||= this.#channel.hasUnread;
      this.#channel.writePieces([stuffer.end()]);
    }
    return this.#answers(fates);
  }

  async #stream(content: ByteSource, encode: (chunk: Buffer) => readonly Buffer[]): Promise<void> {
    let sent = 0;
    try {
      for await (const chunk of content.chunks()) {
        sent += chunk.length;
        this.#answeredEarly ||= this.#channel.hasUnread;
        if (!this.#channel.writePieces(encode(chunk))) await this.#channel.drain('body', SMTP_CLIENT_LIMITS.dataBlockTimeoutMs);
      }
    } catch (error) {
      if (error instanceof SmtpError) {
        // A peer that refuses in the middle says why before it hangs up.
        if (error.trouble.kind === 'lost') await this.#finalReply();
        throw error;
      }
      throw new SmtpError({ kind: 'local', step: 'body', detail: 'the message could not be read from the store' });
    }
    if (sent !== content.size) throw new SmtpError({ kind: 'local', step: 'body', detail: 'the stored message is shorter than it should be' });
  }

  /** To the content: one, or with LMTP one for each recipient that was taken, in their order (RFC 2033 §4.2). */
  async #answers(fates: (RecipientFate | undefined)[]): Promise<Reply> {
    if (!this.#answersEach) return this.#finalReply();
    for (const [index, fate] of fates.entries()) {
      if (fate) continue;
      const answer = await this.#channel.read('recipient-data', SMTP_CLIENT_LIMITS.dataDoneTimeoutMs);
      const taken = isYes(answer.reply);
      fates[index] = taken ? { kind: 'delivered', reply: answer.reply } : { kind: 'trouble', trouble: this.#refusal('recipient-data', answer).trouble };
    }
    return NOBODY_LEFT;
  }

  async #finalReply(): Promise<Reply> {
    const answer = await this.#channel.read('end-of-data', SMTP_CLIENT_LIMITS.dataDoneTimeoutMs);
    if (!isYes(answer.reply)) throw this.#refusal('end-of-data', answer);
    if (this.#answeredEarly) throw new SmtpError({ kind: 'garbage', step: 'end-of-data', detail: 'it says yes before the message has ended' });
    return answer.reply;
  }

  /** On a connection that was idle the unasked is most often its end, in words. */
  #expectQuiet(): void {
    if (this.#transactions > 1 && this.#channel.hasUnread) throw new SmtpError({ kind: 'lost', step: 'mail', detail: 'the peer spoke unasked' });
    this.#channel.expectQuiet('mail');
  }

  #refusal(step: SmtpStep, { reply }: ReceivedReply): SmtpError {
    // RFC 5321 §3.8: the server closes after 421.
    if (reply.code === 421) this.#leaving = true;
    const trouble = asTrouble(step, reply);
    // Answers and commands no longer belong together.
    if (trouble.kind !== 'reply') this.destroy();
    return new SmtpError(trouble);
  }
}
