/** Why a recipient did not get a message, from the words in the log: another server's reply, or Postfix's own trouble. */
import { explainReply, type Culprit, type SmtpReply } from '../reply-meaning/explain.ts';
import { peerReply, readReply, type PeerReply } from './delivery-line.ts';
import { localCause } from './postfix-words.ts';

export interface Cause {
  /** Stable name of the rule that knew it. */
  readonly rule: string;
  readonly culprit: Culprit;
  readonly meaning: string;
  readonly nextStep: string;
  readonly provider?: string;
  /** A page of the provider that the reply names. */
  readonly reference?: string;
  /** Host that answered, and what; absent when it was no other server. */
  readonly host?: string;
  readonly reply?: SmtpReply;
  /** Command that was answered so. */
  readonly stage?: string;
}

/** `relay` as logged; `dsn` the enhanced code. Always answers. */
export function causeOf(why: string, { dsn, relay }: { readonly dsn: string; readonly relay: string }): Cause {
  const said = peerReply(why);
  const peer = said ?? bareReply(why, relay);
  if (peer) {
    const { rule, culprit, meaning, nextStep, provider, reference } = explainReply(peer.reply, { mx: peer.host, ...(said ? { own: false } : {}) });
    return { rule, culprit, meaning, nextStep, ...(provider === undefined ? {} : { provider }), ...(reference === undefined ? {} : { reference }), ...peer };
  }
  const own = readReply(why);
  const local = own ? undefined : localCause(why);
  if (local) {
    const { id, culprit, meaning, nextStep } = local;
    return { rule: id, culprit, meaning, nextStep };
  }
  if (relay === 'none' && dsn.startsWith('5.') && !own) return OWN_WORD;
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}$/.test(dsn) ? dsn : undefined;
  const reply = own ?? { code: enhanced?.startsWith('5') ? 554 : 451, ...(enhanced === undefined ? {} : { enhanced }), text: why };
  const { rule, culprit, meaning, nextStep } = explainReply(reply, { own: own !== undefined });
  return { rule, culprit, meaning, nextStep };
}

/** Words that an administrator wrote. */
const OWN_WORD: Cause = { rule: 'postfix.own-word', culprit: 'policy', meaning: 'This server itself does not deliver such mail: one of its tables says so.', nextStep: 'Look for these words in transport_maps (error: or retry:), relocated_maps and the restrictions of main.cf.' };

/** Posthorn logs the reply alone, beside the host that gave it, and its own words in the same place. */
function bareReply(why: string, relay: string): PeerReply | undefined {
  const host = /^([^[]{1,255})\[/.exec(relay)?.[1];
  const reply = host === undefined ? undefined : readReply(why);
  return host === undefined || reply === undefined ? undefined : { reply, host };
}
