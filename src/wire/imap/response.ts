/**
 * What ends a command: OK, NO or BAD with a response code (RFC 9051 §7.1, RFC 5530) and a text for people.
 */

/** What is put in brackets; texts are ASCII and hold no `]`. */
export type ResponseCode = string;

export interface Outcome {
  readonly status: 'OK' | 'NO' | 'BAD';
  readonly code?: ResponseCode;
  /** One line for people. */
  readonly text: string;
}

export const ok = (text: string, code?: ResponseCode): Outcome => (code === undefined ? { status: 'OK', text } : { status: 'OK', code, text });
export const no = (text: string, code?: ResponseCode): Outcome => (code === undefined ? { status: 'NO', text } : { status: 'NO', code, text });
export const bad = (text: string, code?: ResponseCode): Outcome => (code === undefined ? { status: 'BAD', text } : { status: 'BAD', code, text });

/** `tag` is `*` for an untagged one. Without CRLF. */
export function formatOutcome(tag: string, outcome: Outcome): string {
  const text = outcome.text.replace(/[^\x20-\x7e]/g, '?');
  return `${tag} ${outcome.status} ${outcome.code === undefined ? '' : `[${outcome.code}] `}${text}`;
}
