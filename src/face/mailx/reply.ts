/** A draft that answers a message. */
import { decodeWords } from '../../mail/encoded-word.ts';
import { firstField, parseHeader } from '../../mail/header.ts';
import { replyHeaders } from '../../mail/compose.ts';
import { type Draft, emptyDraft } from './draft.ts';

/** With `all`, everybody who got the message gets the answer too, except `account` itself. */
export function replyDraft(bytes: Buffer, account: string, all: boolean): Draft {
  const { fields } = parseHeader(bytes);
  const headers = replyHeaders(fields, decodeWords(firstField(fields, 'subject')?.value ?? ''), { all });
  const others = headers.to.filter((address) => address.toLowerCase() !== account.toLowerCase());
  return {
    ...emptyDraft(),
    from: account,
    // An answer to one's own note goes to oneself.
    to: others.length > 0 ? others : [...headers.to],
    subject: headers.subject,
    ...(headers.inReplyTo !== undefined && { inReplyTo: headers.inReplyTo }),
    references: headers.references,
  };
}
