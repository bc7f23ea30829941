/**
 * What a delivery agent of Postfix logs of one recipient: `to=<…>, relay=…, delay=…, delays=a/b/c/d, dsn=…, status=…
 * (why)`, and the reply of the other server inside the why.
 */
import type { SmtpReply } from '../reply-meaning/explain.ts';

export interface DeliveryLine {
  readonly recipient: string;
  readonly originalRecipient?: string;
  /** `mx.example.net[192.0.2.1]:25`, `none`, `local`. */
  readonly relay: string;
  /** Seconds since the message came in. */
  readonly delay: number;
  readonly delays?: Delays;
  readonly dsn: string;
  /** `sent`, `deferred`, `bounced`, `expired`, `deliverable`, `undeliverable`. */
  readonly status: string;
  readonly why: string;
}

/** In seconds: the four parts of `delays=`. */
export interface Delays {
  /** Until the queue manager took it (up): arrival, filters, and for a retry the wait since the last attempt. */
  readonly beforeQueue: number;
  /** In the active queue, until a delivery agent was free. */
  readonly inQueue: number;
  /** DNS, connection, greeting, EHLO, TLS. */
  readonly connection: number;
  readonly transmission: number;
}

/** Undefined when the text is no such line. */
export function parseDelivery(text: string): DeliveryLine | undefined {
  if (!text.startsWith('to=<')) return undefined;
  const addressEnd = text.indexOf('>, ');
  const statusAt = text.indexOf(', status=', addressEnd);
  if (addressEnd < 0 || statusAt < 0) return undefined;
  const recipient = text.slice(4, addressEnd);
  const middle = text.slice(addressEnd + 3, statusAt);
  const original = /^orig_to=<([^>]*)>, /.exec(middle)?.[1];
  const fields = new Map(middle.split(', ').map((field): [string, string] => {
    const equals = field.indexOf('=');
    return [field.slice(0, equals), field.slice(equals + 1)];
  }));
  const [, status = '', why = ''] = /^(\S+) ?(?:\((.*)\))?$/s.exec(text.slice(statusAt + ', status='.length)) ?? [];
  const delays = delaysOf(fields.get('delays'));
  return {
    recipient,
    ...(original === undefined ? {} : { originalRecipient: original }),
    relay: fields.get('relay') ?? 'none',
    delay: Number(fields.get('delay')) || 0,
    ...(delays ? { delays } : {}),
    dsn: fields.get('dsn') ?? '',
    status,
    why,
  };
}

function delaysOf(text = ''): Delays | undefined {
  const [beforeQueue, inQueue, connection, transmission, more] = text.split('/').map(Number);
  if (more !== undefined || beforeQueue === undefined || inQueue === undefined || connection === undefined || transmission === undefined) return undefined;
  const delays = { beforeQueue, inQueue, connection, transmission };
  return Object.values(delays).every((each) => Number.isFinite(each) && each >= 0) ? delays : undefined;
}

export interface PeerReply {
  readonly reply: SmtpReply;
  /** Host that said it. */
  readonly host: string;
  /** `RCPT TO`, `end of DATA`; absent: at the greeting. */
  readonly stage?: string;
}

const SAID = /^(?:delivery temporarily suspended: )?(?:SASL authentication failed; server |host )(\S{1,255}?)\[[^\]]{1,255}\](?::\d{1,5})? (?:said|refused to talk to me): /;
const STAGE = / ?\(in reply to (.{1,60}?)(?: command)?\)$/;

/** The words of another server in the why; undefined when there are none, so it was Postfix itself that gave up. */
export function peerReply(why: string): PeerReply | undefined {
  const said = SAID.exec(why);
  if (!said) return undefined;
  const rest = why.slice(said[0].length);
  const stage = STAGE.exec(rest);
  const reply = readReply(stage ? rest.slice(0, stage.index) : rest);
  return reply && { reply, host: said[1] ?? '', ...(stage?.[1] === undefined ? {} : { stage: stage[1] }) };
}

/** `550-5.7.1 one 550 5.7.1 two` → one reply with the texts joined. Undefined without a reply code in front. */
export function readReply(text: string): SmtpReply | undefined {
  const [, code, enhanced, rest = ''] = /^\s*([245]\d\d)(?:[ -]|: |$)(?:([245]\.\d{1,3}\.\d{1,3})(?=\s|$))?([^]*)$/.exec(text) ?? [];
  if (code === undefined) return undefined;
  // The lines of one reply were joined with a space or a line end; each began with the code again.
  const again = new RegExp(`\\s${code}[ -]${enhanced === undefined ? '' : `(?:${enhanced.replaceAll('.', '\\.')} ?)?`}`, 'g');
  return { code: Number(code), ...(enhanced === undefined ? {} : { enhanced }), text: rest.replace(again, ' ').trim() };
}
