/** `posthorn send`: composes a message from options and hands it to the server; prints the queue id. */
import { basename } from 'node:path';
import { composeMessage, type ComposedAttachment } from '../../../mail/compose.ts';
import { readAll } from '../../drop-in/streams.ts';
import { handOver, type HandOver } from '../../submit/hand-over.ts';
import { prepareMessage } from '../../submit/prepare-message.ts';
import { currentSubmitter } from '../../submit/submitter.ts';
import { leaf, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface SendOptions extends CommonOptions {
  readonly from?: string;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject?: string;
  readonly text?: string;
  readonly file?: string;
  readonly attach: readonly string[];
  readonly header: readonly string[];
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<SendOptions>(registry, registry.program, 'send', 'write a message and hand it to the server', '', (options) => send(session, options))
    .option('--from <address>', 'sender (default: you)')
    .option('--to <address>', 'recipient; may be repeated', gather, [])
    .option('--cc <address>', 'copy to; may be repeated', gather, [])
    .option('--bcc <address>', 'blind copy to; may be repeated', gather, [])
    .option('--subject <text>', 'subject')
    .option('--text <text>', 'the text (default: standard input)')
    .option('--file <file>', 'take the text from this file')
    .option('--attach <file>', 'attach a file; may be repeated', gather, [])
    .option('--header <field>', 'further header field, "Name: value"; may be repeated', gather, []);
}

async function send(session: Session, options: SendOptions): Promise<number> {
  const config = session.config(options);
  const submitter = currentSubmitter(config, session.io.environment);
  const recipients = [...options.to, ...options.cc, ...options.bcc];
  if (recipients.length === 0) throw new UsageError('no recipients: name them with --to');
  const from = options.from ?? `${submitter.user}@${submitter.origin}`;
  const bytes = composeMessage({
    from,
    to: options.to,
    cc: options.cc,
    ...(options.subject !== undefined && { subject: options.subject }),
    text: await textOf(session, options, config.smtp.maxMessageSize),
    attachments: await Promise.all(options.attach.map((file) => attachment(session, file, config.smtp.maxMessageSize))),
    headers: options.header.map(headerField),
    date: submitter.now,
  });
  const prepared = prepareMessage({ bytes, recipients, fromHeader: false, sender: from }, submitter);
  if (prepared.kind === 'wrong') throw new UsageError(prepared.message);
  return report(session, options, await handOver(config, prepared.submission, { user: submitter.user, now: submitter.now }));
}

async function textOf(session: Session, options: SendOptions, bytesMax: number): Promise<string> {
  if (options.text !== undefined) return options.text;
  if (options.file !== undefined) return (await readGivenFile(session, options.file, bytesMax, 'a message that this server takes')).toString('utf8');
  return (await readAll(session.io.stdin, bytesMax)).toString('utf8');
}

async function attachment(session: Session, file: string, bytesMax: number): Promise<ComposedAttachment> {
  return { name: basename(file), content: await readGivenFile(session, file, bytesMax, 'an attachment that this server takes') };
}

function headerField(text: string): readonly [string, string] {
  const match = /^([!-9;-~]{1,70}):\s*(.*)$/.exec(text);
  if (!match) throw new UsageError(`--header "${text}": write it as "Name: value"`);
  return [match[1] as string, match[2] as string];
}

function report({ out }: Session, options: SendOptions, outcome: HandOver): number {
  if (options.json) out.json(outcome);
  else if (outcome.kind === 'queued') for (const id of outcome.ids) out.line(id);
  if (outcome.kind === 'kept') {
    out.note(`posthorn: ${outcome.reason}; the message is kept and goes out when the server starts`);
    return 0;
  }
  for (const { recipient, reply } of outcome.refused) out.note(`posthorn: ${recipient}: ${reply.code} ${reply.text}`);
  return outcome.refused.length > 0 ? 1 : 0;
}
