/** Why a recipient did not get a message, from the words in the log: another server's reply, or Postfix's own trouble. */
import { explainReply, type Culprit, type SmtpReply } from '../reply-meaning/explain.ts';
import { peerReply } from './delivery-line.ts';
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
export function causeOf(why: string, { dsn }: { readonly dsn: string }): Cause {
  const peer = peerReply(why);
  if (peer) {
    const { rule, culprit, meaning, nextStep, provider, reference } = explainReply(peer.reply, { mx: peer.host, own: false });
    return { rule, culprit, meaning, nextStep, ...(provider === undefined ? {} : { provider }), ...(reference === undefined ? {} : { reference }), ...peer };
  }
  const local = localCause(why);
  if (local) {
    const { id, culprit, meaning, nextStep } = local;
    return { rule: id, culprit, meaning, nextStep };
  }
  const enhanced = /^[245]\.\d{1,3}\.\d{1,3}$/.test(dsn) ? dsn : undefined;
  const { rule, culprit, meaning, nextStep } = explainReply({ code: enhanced?.startsWith('5') ? 554 : 451, ...(enhanced === undefined ? {} : { enhanced }), text: why }, { own: false });
  return { rule, culprit, meaning, nextStep };
}
