/** NOOP and CHECK (RFC 9051 §6.1.2, RFC 3501 §6.4.1): nothing but the news, which the session tells behind every command. */
import { ok } from '../../../wire/imap/response.ts';
import { ANY_STATE, defineCommand, noArguments, SELECTED } from '../command.ts';

export const noop = defineCommand({ name: 'NOOP', states: ANY_STATE, parse: noArguments, run: () => ok('NOOP completed') });

/** Every change is on disk before it is answered; there is nothing left to do. */
export const check = defineCommand({ name: 'CHECK', states: SELECTED, parse: noArguments, run: () => ok('CHECK completed') });
