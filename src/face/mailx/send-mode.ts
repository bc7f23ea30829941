/** `mail -s SUBJECT ADDRESS…`: the text is standard input, or is typed on a terminal. */
import type { Config } from '../../config/config.ts';
import { parseHeader } from '../../mail/header.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { readGivenFile } from '../cli/given-file.ts';
import type { Session } from '../cli/session.ts';
import { readAll } from '../drop-in/streams.ts';
import { composeInput } from './compose-input.ts';
import { type Draft, emptyDraft, reportHandOver, sendDraft, textOfInput } from './draft.ts';
import { INTERRUPTED, LineInput } from './line-input.ts';
import type { MailOptions } from './options.ts';

export async function sendMode(session: Session, config: Config, options: MailOptions): Promise<number> {
  const draft: Draft = {
    ...emptyDraft(),
    to: [...options.recipients],
    cc: [...options.cc],
    bcc: [...options.bcc],
    attachments: [...options.attachments],
    headers: [...options.headers],
    ...(options.from !== undefined && { from: options.from }),
    ...(options.subject !== undefined && { subject: options.subject }),
  };
  if (options.quoteFile !== undefined) draft.text = textOfInput(await readGivenFile(session, options.quoteFile, config.smtp.maxMessageSize, 'a message that this server takes'));
  const typed = session.io.stdin.isTTY === true || options.escapes;
  if (typed) {
    if ((await typeMessage(session, draft)) === 'quit') return 1;
  } else {
    draft.text += textOfInput(await readAll(session.io.stdin, config.smtp.maxMessageSize));
  }
  if (options.headerInInput) takeHeader(draft);
  if (draft.text.trim() === '' && draft.attachments.length === 0) {
    if (options.skipEmpty) return 0;
    session.out.note('mail: Null message body; hope that’s ok');
  }
  return reportHandOver(session, await sendDraft(session, config, draft), options.verbose);
}

async function typeMessage(session: Session, draft: Draft): Promise<'send' | 'quit'> {
  const input = new LineInput(session.io);
  try {
    if (draft.subject === undefined && input.interactive) {
      const subject = await input.next('Subject: ');
      if (subject === INTERRUPTED) return 'quit';
      draft.subject = subject ?? '';
    }
    const end = await composeInput(draft, {
      next: (prompt) => input.next(prompt),
      say: (text) => input.say(text),
      cwd: session.io.cwd,
      environment: session.io.environment,
      dotEnds: input.interactive,
    });
    if (end === 'send' && input.interactive) input.say('EOT');
    return end;
  } finally {
    input.close();
  }
}

/** -t: To, Cc, Bcc and Subject from the top of the text; other fields are kept as they are. */
function takeHeader(draft: Draft): void {
  const bytes = Buffer.from(draft.text);
  const { fields, bodyOffset } = parseHeader(bytes);
  for (const { name, lower, value } of fields) {
    if (lower === 'to') draft.to.push(value);
    else if (lower === 'cc') draft.cc.push(value);
    else if (lower === 'bcc') draft.bcc.push(value);
    else if (lower === 'from') draft.from ??= value;
    else if (lower === 'subject') draft.subject ??= decodeWords(value);
    else if (name !== '') draft.headers.push([name, value]);
  }
  draft.text = bytes.subarray(bodyOffset).toString('utf8');
}
