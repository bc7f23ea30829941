/**
 * What can go wrong between us and one SMTP server, as data. Whom it concerns and what to do about it is decided by
 * who sends mail (flow/deliver/trouble.ts), not here.
 */
import type { Reply } from '../contract/message.ts';
import type { TlsFailure } from '../contract/tls-policy.ts';
import { describeReply } from '../wire/smtp/reply.ts';

export type SmtpStep = 'connect' | 'greeting' | 'ehlo' | 'starttls' | 'tls' | 'auth' | 'rset' | 'mail' | 'rcpt' | 'data' | 'body' | 'end-of-data'
  /** LMTP's answer for one of the recipients (RFC 2033 §4.2). */
  | 'recipient-data';

/** Told what is begun, and after how many milliseconds it is given up at the latest. */
export type StepWatcher = (step: SmtpStep, withinMs: number) => void;

export type SmtpTrouble =
  /** The peer refused in words. */
  | { readonly kind: 'reply'; readonly step: SmtpStep; readonly reply: Reply }
  | { readonly kind: 'timeout'; readonly step: SmtpStep; readonly detail: string }
  /** The connection could not be made, or ended. */
  | { readonly kind: 'lost'; readonly step: SmtpStep; readonly detail: string }
  /** What came is not SMTP. */
  | { readonly kind: 'garbage'; readonly step: SmtpStep; readonly detail: string }
  /** TLS was asked for and does not work, or the certificate does not check out. */
  | { readonly kind: 'tls'; readonly step: 'tls'; readonly detail: string; /** Absent: the handshake itself failed. */ readonly failure?: TlsFailure }
  /** The peer refuses the log-in we were told to use. */
  | { readonly kind: 'login'; readonly step: 'auth'; readonly reply: Reply; readonly username: string; readonly mechanism: string }
  /** The peer lacks what we must have. */
  | { readonly kind: 'missing'; readonly step: 'starttls' | 'auth'; readonly detail: string }
  /** Our own fault: source address, password file, content that cannot be read, shutting down. */
  | { readonly kind: 'local'; readonly step: SmtpStep; readonly detail: string; /** What the administrator alone should read. */ readonly advice?: string };

/** RFC 5321 §4.2.1: the first digit decides. */
export function isYes({ code }: Reply): boolean {
  return code >= 200 && code < 300;
}

/** RFC 5321 §4.2.2: 500 to 504 are about the command, whatever went along with it. */
export function isCommandRefusal(code: number): boolean {
  return code >= 500 && code <= 504;
}

/** A reply that is not the one hoped for. One that neither refuses nor puts off does not belong to what was asked. */
export function asTrouble(step: SmtpStep, reply: Reply): SmtpTrouble {
  if (reply.code >= 400) return { kind: 'reply', step, reply };
  return { kind: 'garbage', step, detail: `its answer is ${describeReply(reply).slice(0, 200)}` };
}

/** Carries trouble through the inside of the client; its outside returns it. */
export class SmtpError extends Error {
  readonly trouble: SmtpTrouble;

  constructor(trouble: SmtpTrouble) {
    super('reply' in trouble ? `${trouble.step}: ${trouble.reply.code}` : `${trouble.step}: ${trouble.detail}`);
    this.trouble = trouble;
  }
}
