/**
 * Facts and headers of mails that were asked for lately, shared by all sessions of a thread. Neither ever changes, so
 * that what is here is right for as long as it is kept; the folder says whether a message is still there.
 *
 * Mail programs ask for the same things of the same messages again and again: each device of a user, each sort and each
 * thread view of a webmail program. What was used longest ago goes first.
 */
import { ACCESS_CACHE_LIMITS } from '../../base/access-limits.ts';
import type { MailFacts, MailReader } from '../../contract/mailbox.ts';
import { RecentValues } from './recent-values.ts';

/** Beside its content, a value takes about so much. */
const ENTRY_BYTES = 200;

export function createMailCache(mails: MailReader): MailReader {
  const facts = new RecentValues<MailFacts>(ACCESS_CACHE_LIMITS.factsBytesMax, ({ structure, preview }) => structure.length + preview.length * 2 + ENTRY_BYTES);
  const headers = new RecentValues<Buffer>(ACCESS_CACHE_LIMITS.headersBytesMax, (header) => header.length + ENTRY_BYTES);
  const read = mails.headers?.bind(mails);
  return {
    facts: async (mailIds) => {
      const { known, missing } = facts.split(mailIds);
      if (missing.length > 0) {
        for (const one of await mails.facts(missing)) {
          facts.set(one.mailId, one);
          known.set(one.mailId, one);
        }
      }
      return Array.from(mailIds).flatMap((id) => known.get(id) ?? []);
    },
    content: (mailId) => mails.content(mailId),
    contents: (mailIds) => mails.contents(mailIds),
    ...(mails.pieces && { pieces: mails.pieces.bind(mails) }),
    ...(read && {
      headers: async (mailIds: ArrayLike<number>) => {
        const { known, missing } = headers.split(mailIds);
        if (missing.length > 0) {
          for (const [at, header] of (await read(missing)).entries()) {
            if (header === undefined) continue;
            known.set(missing[at] as number, header);
            // The store's buffers hold many headers each; one that is kept must not keep the others.
            headers.set(missing[at] as number, Buffer.from(header));
          }
        }
        return Array.from(mailIds, (id) => known.get(id));
      },
    }),
  };
}
