/** NOOP and CHECK (RFC 9051 §6.1.2, RFC 3501 §6.4.1): nothing but the news, which the session tells behind every command. */
import { ok } from '../../../wire/imap/response.ts';
import type { Outcome } from '../../../wire/imap/response.ts';
import { ANY_STATE, defineCommand, noArguments, SELECTED, type ImapSession } from '../command.ts';

export const noop = defineCommand({ name: 'NOOP', states: ANY_STATE, parse: noArguments, run: (session) => poll(session, 'NOOP') });

/** Every change is on disk before it is answered; there is nothing left to do. */
export const check = defineCommand({ name: 'CHECK', states: SELECTED, parse: noArguments, run: (session) => poll(session, 'CHECK') });

/** What another session was answered before must be told now, so what was heard of is waited for. A store that cannot be asked is no reason to refuse: the news come later. */
async function poll(session: ImapSession, name: string): Promise<Outcome> {
  await session.selected?.settle().catch(() => undefined);
  return ok(`${name} completed`);
}
