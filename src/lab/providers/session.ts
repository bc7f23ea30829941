/**
 * One SMTP session at a simulated provider: the protocol and the weather. What it thinks of clients and messages are the
 * rules of its profile.
 *
 * RFC 5321; one file so that the order of commands can be read at one place. EHLO offers what the profile names.
 */
import type { TlsFacts } from '../../contract/message.ts';
import { sleep } from '../../base/clock.ts';
import { parseCommandLine, parsePathArgument, type PathResult } from '../../wire/smtp/command.ts';
import { readMailParameters, readRcptParameters } from '../../wire/smtp/envelope-parameters.ts';
import type { ScenarioName } from '../scenarios.ts';
import type { Channel } from './channel.ts';
import { judgeMessage } from './judge-message.ts';
import type { InboxMessage } from './mailbox.ts';
import { firstVerdict, type ConnectFacts, type MailFacts, type ProviderReply, type RecipientFacts, type Verdict } from './profile.ts';
import { connectFacts, currentRate, senderDomainState, type Receiver } from './receiver.ts';

const SLOW_REPLY_MS = 3_000;
const BANNER_DELAY_MS = 20_000;
const COMMANDS_MAX = 100_000;
const RECIPIENTS_MAX = 100;
const BAD_SEQUENCE: ProviderReply = { code: 503, enhanced: '5.5.1', text: 'Bad sequence of commands' };

export class ProviderSession {
  readonly #receiver: Receiver;
  readonly #channel: Channel;
  #connect: ConnectFacts | undefined;
  #helo = '';
  #extended = false;
  #tls: TlsFacts | undefined;
  #mail: MailFacts | undefined;
  #recipients: string[] = [];
  #envelopeId: string | undefined;
  #tellSuccess: { address: string; originalRecipient?: string }[] = [];
  #bdat: Buffer[] = [];
  #accepted = 0;

  constructor(receiver: Receiver, channel: Channel) {
    this.#receiver = receiver;
    this.#channel = channel;
  }

  /** Resolves when the session is over; rejects only for bugs. */
  async run(): Promise<void> {
    const closed = this.#receiver.counters.connected(this.#receiver.profile.name, this.#channel.clientAddress);
    try {
      await this.#talk();
    } finally {
      closed();
    }
  }

  async #talk(): Promise<void> {
    if (!(await this.#greet())) return;
    for (let count = 0; count < COMMANDS_MAX && !this.#channel.closed; count++) {
      const line = await this.#channel.readLine();
      if (line === undefined) return;
      const { verb, argument } = parseCommandLine(line);
      await this.#command(verb, argument);
    }
  }

  #weather(name: ScenarioName): boolean {
    return this.#receiver.weather(name);
  }

  async #greet(): Promise<boolean> {
    if (this.#weather('refused-mx')) {
      this.#channel.destroy();
      return false;
    }
    if (this.#weather('blackhole-mx')) {
      await this.#channel.untilClosed();
      return false;
    }
    if (this.#weather('banner-delay')) await sleep(this.#receiver.clock, BANNER_DELAY_MS);
    if (this.#weather('busy-mx')) {
      await this.#reply({ code: 421, enhanced: '4.3.2', text: 'Service not available, closing transmission channel', close: true });
      return false;
    }
    this.#connect = await connectFacts(this.#receiver, this.#channel.clientAddress);
    const verdict = firstVerdict(this.#receiver.profile.rules.connect, this.#connect);
    if (verdict) {
      await this.#refuse(verdict);
      this.#channel.end();
      return false;
    }
    await this.#reply({ code: 220, text: this.#receiver.profile.banner });
    return true;
  }

  async #command(verb: string, argument: string): Promise<void> {
    switch (verb) {
      case 'EHLO':
      case 'HELO':
        return this.#hello(verb, argument);
      case 'STARTTLS':
        return this.#startTls();
      case 'MAIL':
        return this.#mailFrom(argument);
      case 'RCPT':
        return this.#rcptTo(argument);
      case 'DATA':
        return this.#data();
      case 'BDAT':
        return this.#bdatChunk(argument);
      case 'RSET':
        this.#reset();
        return this.#reply({ code: 250, enhanced: '2.0.0', text: 'Ok' });
      case 'NOOP':
        return this.#reply({ code: 250, enhanced: '2.0.0', text: 'Ok' });
      case 'VRFY':
        return this.#reply({ code: 252, enhanced: '2.1.5', text: 'Send some mail, I will try my best' });
      case 'QUIT':
        await this.#reply({ code: 221, enhanced: '2.0.0', text: 'Bye', close: true });
        return;
      default:
        return this.#reply({ code: 502, enhanced: '5.5.1', text: 'Unrecognized command' });
    }
  }

  async #hello(verb: 'EHLO' | 'HELO', name: string): Promise<void> {
    const { profile } = this.#receiver;
    this.#reset();
    const facts = { ...(this.#connect as ConnectFacts), helo: name };
    const verdict = name === '' ? { rule: 'empty-hello', reply: { code: 501, enhanced: '5.5.4', text: 'A host name is needed' } } : firstVerdict(profile.rules.hello, facts);
    if (verdict) return this.#refuse(verdict);
    this.#helo = name;
    this.#extended = verb === 'EHLO';
    if (!this.#extended) return this.#reply({ code: 250, text: profile.mxHost });
    const offers = profile.extensions;
    const lines = [
      `${profile.mxHost} at your service, [${this.#channel.clientAddress}]`,
      'PIPELINING',
      `SIZE ${offers.sizeBytesMax}`,
      '8BITMIME',
      ...(this.#tls || this.#weather('no-tls') ? [] : ['STARTTLS']),
      ...(offers.enhancedCodes ? ['ENHANCEDSTATUSCODES'] : []),
      ...(offers.chunking ? ['CHUNKING'] : []),
      ...(offers.smtpUtf8 ? ['SMTPUTF8'] : []),
      ...(offers.dsn ? ['DSN'] : []),
      ...(offers.requireTls && this.#tls ? ['REQUIRETLS'] : []),
    ];
    return this.#reply({ code: 250, text: lines.join('\n') });
  }

  async #startTls(): Promise<void> {
    if (this.#tls || this.#weather('no-tls')) return this.#reply({ code: 502, enhanced: '5.5.1', text: 'Command not implemented' });
    await this.#reply({ code: 220, enhanced: '2.0.0', text: 'Ready to start TLS' });
    if (this.#weather('tls-broken')) {
      await this.#channel.failTls();
      return;
    }
    if (this.#weather('tls-stall')) return this.#channel.untilClosed();
    const { expired, stranger, good } = this.#receiver.tls;
    this.#tls = await this.#channel.startTls(this.#weather('tls-expired') ? expired : this.#weather('mta-sts-enforce') ? stranger : good);
    // RFC 3207 §4.2: what was said before does not count any more.
    this.#helo = '';
    this.#reset();
  }

  async #mailFrom(argument: string): Promise<void> {
    if (this.#helo === '' || this.#mail) return this.#reply(BAD_SEQUENCE);
    const path = parsePathArgument(argument, 'FROM');
    if (path.kind !== 'path') return this.#reply(pathError(path));
    const { profile } = this.#receiver;
    const parameters = readMailParameters(path.value.parameters, { requireTls: this.#tls !== undefined && profile.extensions.requireTls === true });
    if (parameters.kind !== 'ok') return this.#reply({ code: parameters.kind === 'unknown' ? 555 : 501, enhanced: '5.5.4', text: `Bad parameter ${parameters.name}` });
    const offers = profile.extensions;
    const missing =
      (parameters.value.smtpUtf8 && !offers.smtpUtf8 && 'SMTPUTF8') ||
      (parameters.value.body === 'binarymime' && 'BODY') ||
      ((parameters.value.returnContent || parameters.value.envelopeId !== undefined) && !offers.dsn && 'RET');
    if (missing) return this.#reply({ code: 555, enhanced: '5.5.4', text: `Unsupported parameter ${missing}` });
    if ((parameters.value.sizeBytes ?? 0) > offers.sizeBytesMax) return this.#reply(tooBig(offers.sizeBytesMax));
    const sender = path.value.mailbox;
    const facts: MailFacts = {
      ...(this.#connect as ConnectFacts),
      rate: currentRate(this.#receiver, this.#channel.clientAddress),
      helo: this.#helo,
      ...(this.#tls ? { tls: this.#tls } : {}),
      sender,
      senderDomain: await senderDomainState(this.#receiver.dns, sender),
      messagesBefore: this.#accepted,
    };
    const verdict = firstVerdict(profile.rules.mail, facts);
    if (verdict) return this.#refuse(verdict, sender);
    this.#receiver.counters.started(profile.name, this.#channel.clientAddress);
    this.#mail = facts;
    this.#envelopeId = parameters.value.envelopeId;
    return this.#reply({ code: 250, enhanced: '2.1.0', text: 'Ok' });
  }

  async #rcptTo(argument: string): Promise<void> {
    const mail = this.#mail;
    if (!mail) return this.#reply(BAD_SEQUENCE);
    const path = parsePathArgument(argument, 'TO');
    if (path.kind !== 'path' || path.value.mailbox === '') return this.#reply(pathError(path));
    const { profile } = this.#receiver;
    const parameters = readRcptParameters(path.value.parameters);
    if (parameters.kind !== 'ok' || (path.value.parameters.size > 0 && !profile.extensions.dsn)) {
      return this.#reply({ code: 555, enhanced: '5.5.4', text: 'Bad or unsupported parameter' });
    }
    if (this.#recipients.length >= RECIPIENTS_MAX) return this.#reply({ code: 452, enhanced: '4.5.3', text: 'Too many recipients' });
    const recipient = path.value.mailbox;
    const facts: RecipientFacts = { ...mail, recipient, mailbox: this.#mailboxState(recipient) };
    const verdict = firstVerdict(profile.rules.recipient, facts);
    if (verdict) return this.#refuse(verdict, mail.sender);
    if (this.#weather('greylist') && !this.#receiver.greylist.passes(mail.ip, mail.sender, recipient)) {
      return this.#refuse({ rule: 'greylist', reply: profile.greylisted }, mail.sender);
    }
    this.#recipients.push(recipient);
    const { notify, originalRecipient } = parameters.value;
    if (notify?.includes('success')) this.#tellSuccess.push({ address: recipient, ...(originalRecipient === undefined ? {} : { originalRecipient }) });
    return this.#reply({ code: 250, enhanced: '2.1.5', text: 'Ok' });
  }

  /** Every local part exists but `nobody…` and `unknown…`; `full…` is over quota, `disabled…` disabled, `busy…` gets too much. */
  #mailboxState(recipient: string): RecipientFacts['mailbox'] {
    const at = recipient.lastIndexOf('@');
    const local = recipient.slice(0, at).toLowerCase();
    if (!this.#receiver.profile.domains.includes(recipient.slice(at + 1).toLowerCase())) return 'foreign';
    if (this.#weather('unknown-user') || /^(?:nobody|unknown)/.test(local)) return 'unknown';
    if (this.#weather('over-quota') || local.startsWith('full')) return 'full';
    if (this.#weather('recipient-rate') || local.startsWith('busy')) return 'busy';
    return local.startsWith('disabled') ? 'disabled' : 'open';
  }

  async #data(): Promise<void> {
    if (!this.#mail || this.#bdat.length > 0) return this.#reply(BAD_SEQUENCE);
    if (this.#recipients.length === 0) return this.#reply({ code: 554, enhanced: '5.5.1', text: 'No valid recipients' });
    await this.#reply({ code: 354, text: 'Go ahead' });
    const content = await this.#channel.readData(this.#receiver.profile.extensions.sizeBytesMax);
    if (content === undefined) return;
    if (content === 'too-big') return this.#finish(tooBig(this.#receiver.profile.extensions.sizeBytesMax));
    return this.#message(content);
  }

  /** RFC 3030 §2. */
  async #bdatChunk(argument: string): Promise<void> {
    const found = /^(\d{1,10})( LAST)?$/i.exec(argument);
    if (!found || !this.#receiver.profile.extensions.chunking) {
      await this.#reply({ code: 501, enhanced: '5.5.4', text: 'Bad or unsupported BDAT' });
      return this.#channel.end();
    }
    const length = Number(found[1]);
    const received = this.#bdat.reduce((sum, chunk) => sum + chunk.length, 0);
    if (received + length > this.#receiver.profile.extensions.sizeBytesMax) {
      await this.#reply(tooBig(this.#receiver.profile.extensions.sizeBytesMax));
      return this.#channel.end();
    }
    const chunk = await this.#channel.readExact(length);
    if (!chunk) return;
    if (!this.#mail || this.#recipients.length === 0) return this.#reply(this.#mail ? { code: 554, enhanced: '5.5.1', text: 'No valid recipients' } : BAD_SEQUENCE);
    this.#bdat.push(chunk);
    if (!found[2]) return this.#reply({ code: 250, enhanced: '2.0.0', text: `${length} bytes received` });
    return this.#message(Buffer.concat(this.#bdat));
  }

  async #message(content: Buffer): Promise<void> {
    if (this.#weather('drop-after-data')) return this.#channel.destroy();
    if (this.#weather('full-disk')) return this.#finish({ code: 452, enhanced: '4.3.1', text: 'Insufficient system storage' });
    const outcome = await judgeMessage(this.#receiver, this.#mail as MailFacts, this.#recipients, content);
    if (outcome.kind === 'accepted') {
      this.#accepted += 1;
      this.#owe(outcome.message);
    }
    if (outcome.kind === 'accepted' && this.#weather('reply-lost')) return this.#channel.destroy();
    await this.#finish(outcome.reply);
    const most = this.#receiver.profile.messagesPerConnectionMax;
    if (most !== undefined && this.#accepted >= most) this.#channel.end();
  }

  /** The null sender is never told anything, RFC 5321 §4.5.5. */
  #owe(message: InboxMessage): void {
    if (this.#tellSuccess.length === 0 || message.mailFrom === '') return;
    const envelopeId = this.#envelopeId;
    this.#receiver.successWanted({ message, recipients: this.#tellSuccess, ...(envelopeId === undefined ? {} : { envelopeId }) });
  }

  async #finish(reply: ProviderReply): Promise<void> {
    this.#reset();
    await this.#reply(reply);
  }

  async #refuse(verdict: Verdict, sender?: string): Promise<void> {
    const { profile, counters, log } = this.#receiver;
    const domain = sender === undefined || sender === '' ? undefined : sender.slice(sender.lastIndexOf('@') + 1).toLowerCase();
    counters.refused(profile.name, this.#channel.clientAddress, domain, verdict.rule);
    log.info('lab.provider.refused', { provider: profile.name, client: this.#channel.clientAddress, rule: verdict.rule, code: verdict.reply.code });
    await this.#reply(verdict.reply);
  }

  async #reply(reply: ProviderReply): Promise<void> {
    if (this.#weather('slow-mx')) await sleep(this.#receiver.clock, SLOW_REPLY_MS);
    const { code, text, enhanced } = reply;
    // Refusals in place of the greeting carry codes too, as the real ones do; after HELO nobody asked for them.
    const plain = enhanced === undefined || (this.#helo !== '' && !this.#extended) || !this.#receiver.profile.extensions.enhancedCodes;
    this.#channel.write(plain ? { code, text } : { code, enhanced, text });
    // RFC 5321 §3.8: after 421 the connection closes.
    if (reply.close || code === 421) this.#channel.end();
  }

  #reset(): void {
    this.#mail = undefined;
    this.#recipients = [];
    this.#envelopeId = undefined;
    this.#tellSuccess = [];
    this.#bdat = [];
  }
}

function pathError(path: PathResult): ProviderReply {
  const text = path.kind === 'bad-parameter' ? `Bad parameter ${path.name}` : 'Syntax error in path';
  return { code: 501, enhanced: path.kind === 'bad-parameter' ? '5.5.4' : '5.1.7', text };
}

function tooBig(sizeBytesMax: number): ProviderReply {
  return { code: 552, enhanced: '5.3.4', text: `Message size exceeds fixed limit of ${sizeBytesMax} bytes` };
}
