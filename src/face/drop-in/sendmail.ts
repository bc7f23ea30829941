/**
 * `sendmail`: hands a message from standard input to the server, or keeps it when none runs and says so. Also -bp (mailq),
 * -bs (SMTP on standard input and output), -bi (newaliases) and -q (try the queue now).
 *
 * Diagnostics go to stderr; exit statuses are sysexits. Docs: docs/reference/commands.md.
 */
import { createConnection } from 'node:net';
import { printable } from '../../base/table.ts';
import type { Config } from '../../config/config.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import type { Session } from '../cli/session.ts';
import { handOver, type HandOver } from '../submit/hand-over.ts';
import { prepareMessage, qualify } from '../submit/prepare-message.ts';
import { probeOverSocket, submitSocketPath } from '../submit/submit-socket.ts';
import { currentSubmitter } from '../submit/submitter.ts';
import { toMessageBytes } from '../submit/text-input.ts';
import { printQueue } from './mailq.ts';
import { parseSendmailOptions, type SendmailOptions } from './sendmail-options.ts';
import { readAll } from './streams.ts';
import { complain, EX, statusOfReply, withSysexits } from './sysexits.ts';

export async function run(args: readonly string[], session: Session): Promise<number> {
  const parsed = parseSendmailOptions(args);
  if (parsed.kind === 'wrong') return complain('sendmail', session, parsed.message, EX.usage);
  const { options } = parsed;
  return withSysexits('sendmail', session, async () => {
    if (options.mode === 'aliases') return EX.ok;
    const config = session.config(options.config === undefined ? {} : { config: options.config });
    return runMode(config, options, session);
  });
}

function runMode(config: Config, options: SendmailOptions, session: Session): Promise<number> {
  switch (options.mode) {
    case 'deliver':
      return deliver(config, options, session);
    case 'queue':
      return printQueue(config, session);
    case 'smtp':
      return bridge(config, session);
    case 'flush':
      return flush(options, session);
    case 'verify':
      return verify(config, options, session);
    case 'aliases':
      return Promise.resolve(EX.ok);
  }
}

async function deliver(config: Config, options: SendmailOptions, session: Session): Promise<number> {
  if (options.recipients.length === 0 && !options.fromHeader) {
    return complain('sendmail', session, 'no recipients: name them on the command line, or use -t to take them from the header', EX.usage);
  }
  const submitter = currentSubmitter(config, session.io.environment);
  const bytes = toMessageBytes(await readAll(session.io.stdin, config.smtp.maxMessageSize), { ignoreDots: options.ignoreDots });
  const prepared = prepareMessage({ ...options, bytes }, submitter);
  if (prepared.kind === 'wrong') return complain('sendmail', session, prepared.message, prepared.reason === 'no-recipients' ? EX.usage : EX.dataError);
  const body = options.body === '8bitmime' ? options.body : prepared.submission.body;
  const outcome = await handOver(config, { ...prepared.submission, body }, { ...options, user: submitter.user, now: submitter.now });
  return report(outcome, options, session);
}

function report(outcome: HandOver, options: SendmailOptions, session: Session): number {
  if (outcome.kind === 'kept') {
    session.out.note(`sendmail: ${outcome.reason}; the message is kept and goes out when the server starts`);
    return EX.ok;
  }
  if (options.verbose && outcome.ids.length > 0) session.out.note(`sendmail: queued as ${outcome.ids.join(', ')}`);
  for (const { recipient, reply } of outcome.refused) session.out.note(`sendmail: ${recipient}: ${reply.code} ${reply.text}`);
  const [first] = outcome.refused;
  return first ? statusOfReply(first.reply) : EX.ok;
}

/** -bs: the caller speaks SMTP itself; its bytes go to the server's socket and back as they are. */
function bridge(config: Config, session: Session): Promise<number> {
  return new Promise((resolve) => {
    const socket = createConnection({ path: submitSocketPath(config.dataDir), allowHalfOpen: true });
    socket.once('connect', () => {
      session.io.stdin.pipe(socket);
      socket.pipe(session.io.stdout, { end: false });
    });
    socket.once('error', () => {
      session.io.stdout.write(`421 4.3.2 ${config.hostname} server is not running; try again later\r\n`);
      resolve(EX.temporaryFailure);
    });
    socket.once('end', () => {
      session.io.stdin.unpipe(socket);
      // A terminal or pipe that stays open would keep the process alive.
      session.io.stdin.pause();
      socket.end();
      resolve(EX.ok);
    });
  });
}

/** -bv: what would become of each address, from the server's own reply to RCPT; nothing is sent. */
async function verify(config: Config, { recipients }: SendmailOptions, session: Session): Promise<number> {
  if (recipients.length === 0) return complain('sendmail', session, '-bv needs addresses', EX.usage);
  const { user, origin } = currentSubmitter(config, session.io.environment);
  const addresses = recipients.flatMap((text) => parseAddressList(text).map(({ address }) => qualify(address, origin)));
  const answer = await probeOverSocket(submitSocketPath(config.dataDir), config.hostname, qualify(user, origin), addresses);
  if (answer.kind === 'unavailable') return complain('sendmail', session, `${answer.reason}; start it with: posthorn serve`, EX.temporaryFailure);
  for (const { recipient, reply } of answer.replies) session.out.line(`${printable(recipient)}... ${reply.code === 250 ? 'deliverable' : printable(`${reply.code} ${reply.text}`)}`);
  const bad = answer.replies.find(({ reply }) => reply.code !== 250);
  return bad ? statusOfReply(bad.reply) : EX.ok;
}

async function flush(options: SendmailOptions, session: Session): Promise<number> {
  await session.call(options.config === undefined ? {} : { config: options.config }, 'queue.retry', { all: true });
  return EX.ok;
}
