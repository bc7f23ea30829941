/**
 * What THREAD needs of mails, as it was read lately, shared by all sessions of a thread: a client asks again whenever a
 * message arrives, and reading the headers takes five times as long as threading. None of it ever changes.
 */
import { ACCESS_CACHE_LIMITS } from '../../../base/access-limits.ts';
import type { MailReader } from '../../../contract/mailbox.ts';
import { RecentValues } from '../../mailbox/recent-values.ts';
import { envelopeSubject } from './sent-day.ts';
import { readThreadLinks } from './thread-facts.ts';
import { threadSubject, type ThreadMessage } from './thread-messages.ts';

export interface ThreadMail extends Pick<ThreadMessage, 'subject' | 'messageId' | 'references'> {
  /** Milliseconds since 1970; undefined without a Date field that can be read. */
  readonly sentAt: number | undefined;
}

/** Beside its texts, a value takes about so much, and so much for each id. */
const ENTRY_BYTES = 200;
const ID_BYTES = 40;
/** Longer headers are cut: References stands far above that. */
const HEADER_BYTES_MAX = 128 * 1024;

export class ThreadMails {
  readonly #known = new RecentValues<ThreadMail>(ACCESS_CACHE_LIMITS.threadMailsBytesMax, sizeOf);

  /** Those that there are. `mailIds` are so many that their facts and headers may be in memory together. */
  async read(mails: MailReader, mailIds: readonly number[]): Promise<ReadonlyMap<number, ThreadMail>> {
    const { known, missing } = this.#known.split(mailIds);
    if (missing.length === 0) return known;
    const [facts, headers] = await Promise.all([mails.facts(missing), readHeaders(mails, missing)]);
    const headerOf = new Map(missing.map((id, at) => [id, headers[at]]));
    for (const one of facts) {
      const { messageId, references } = readThreadLinks(headerOf.get(one.mailId) ?? Buffer.alloc(0));
      const mail = { sentAt: one.sentAt, subject: threadSubject(envelopeSubject(one) ?? ''), messageId: alone(messageId), references: references.map(alone) };
      known.set(one.mailId, mail);
      this.#known.set(one.mailId, mail);
    }
    return known;
  }
}

/** A piece of a string keeps all of it in memory: of a field of 100 KB, an id. */
function alone(text: string): string {
  return Buffer.from(text).toString();
}

function sizeOf({ subject, messageId, references }: ThreadMail): number {
  return references.reduce((sum, id) => sum + id.length + ID_BYTES, ENTRY_BYTES + subject.base.length + messageId.length);
}

async function readHeaders(mails: MailReader, mailIds: readonly number[]): Promise<readonly (Buffer | undefined)[]> {
  if (mails.headers) return mails.headers(mailIds);
  const contents = await mails.contents(mailIds);
  return Promise.all(contents.map((content) => content?.inMemory ?? content?.read(0, Math.min(content.size, HEADER_BYTES_MAX))));
}
