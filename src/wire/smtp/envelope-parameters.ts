/**
 * Parameters of MAIL and RCPT by the extensions that we speak: SIZE (RFC 1870), BODY (RFC 6152, RFC 3030), SMTPUTF8
 * (RFC 6531), DSN (RFC 3461), REQUIRETLS (RFC 8689), AUTH (RFC 4954 §5), and Postfix's XVERP.
 */
import { decodeXtext } from './command.ts';

export interface MailParameters {
  /** Bytes the client announces; a number over 2^53 is Infinity. */
  readonly sizeBytes?: number;
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  readonly smtpUtf8: boolean;
  readonly requireTls: boolean;
  readonly returnContent?: 'full' | 'headers';
  readonly envelopeId?: string;
  /** Postfix's XVERP: the two delimiters, or '' for the usual ones. */
  readonly verp?: string;
}

export interface RcptParameters {
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[];
  /** `type;decoded address`. */
  readonly originalRecipient?: string;
}

export type ParameterResult<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** A known parameter with a value that cannot be: 501. */
  | { readonly kind: 'bad-value'; readonly name: string }
  /** RFC 5321 §4.1.1.11: 555. */
  | { readonly kind: 'unknown'; readonly name: string };

/** RFC 3461 §4.4: at most 100 characters, decoded printable. */
const ENVELOPE_ID_CHARS_MAX = 100;
/** RFC 3461 §4.2. */
const ORIGINAL_RECIPIENT_CHARS_MAX = 500;

const NO_MAIL_PARAMETERS: ParameterResult<MailParameters> = { kind: 'ok', value: { body: '7bit', smtpUtf8: false, requireTls: false } };
const NO_RCPT_PARAMETERS: ParameterResult<RcptParameters> = { kind: 'ok', value: {} };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** `offered`: extensions of this session that are not always there. */
export function readMailParameters(parameters: ReadonlyMap<string, string | undefined>, offered: { readonly requireTls: boolean; readonly verp?: boolean }): ParameterResult<MailParameters> {
  if (parameters.size === 0) return NO_MAIL_PARAMETERS;
  const result: Mutable<MailParameters> = { body: '7bit', smtpUtf8: false, requireTls: false };
  for (const [name, value] of parameters) {
    const known = MAIL_READERS[name];
    const absent = (name === 'REQUIRETLS' && !offered.requireTls) || (name === 'XVERP' && !offered.verp);
    if (!known || absent) return { kind: 'unknown', name };
    if (!known(value, result)) return { kind: 'bad-value', name };
  }
  return { kind: 'ok', value: result };
}

type MailReader = (value: string | undefined, into: Mutable<MailParameters>) => boolean;

const MAIL_READERS: Readonly<Record<string, MailReader>> = {
  __proto__: null as never,
  SIZE(value, into) {
    if (value === undefined || !/^[0-9]{1,20}$/.test(value)) return false;
    into.sizeBytes = Number.isSafeInteger(Number(value)) ? Number(value) : Number.POSITIVE_INFINITY;
    return true;
  },
  BODY(value, into) {
    const body = value?.toLowerCase();
    if (body !== '7bit' && body !== '8bitmime' && body !== 'binarymime') return false;
    into.body = body;
    return true;
  },
  SMTPUTF8(value, into) {
    into.smtpUtf8 = true;
    return value === undefined;
  },
  REQUIRETLS(value, into) {
    into.requireTls = true;
    return value === undefined;
  },
  RET(value, into) {
    const upper = value?.toUpperCase();
    if (upper !== 'FULL' && upper !== 'HDRS') return false;
    into.returnContent = upper === 'FULL' ? 'full' : 'headers';
    return true;
  },
  ENVID(value, into) {
    const decoded = value === undefined || value.length > ENVELOPE_ID_CHARS_MAX ? undefined : decodeXtext(value);
    if (decoded === undefined || !/^[\x20-\x7e]+$/.test(decoded)) return false;
    into.envelopeId = decoded;
    return true;
  },
  XVERP(value, into) {
    into.verp = value ?? '';
    return value === undefined || /^[-=+]{2}$/.test(value);
  },
  // RFC 4954 §5: a hint about who gave it to the client; we believe our own login only.
  AUTH(value) {
    return value !== undefined && (value === '<>' || decodeXtext(value) !== undefined);
  },
};

export function readRcptParameters(parameters: ReadonlyMap<string, string | undefined>): ParameterResult<RcptParameters> {
  if (parameters.size === 0) return NO_RCPT_PARAMETERS;
  const result: Mutable<RcptParameters> = {};
  for (const [name, value] of parameters) {
    if (name !== 'NOTIFY' && name !== 'ORCPT') return { kind: 'unknown', name };
    if (name === 'NOTIFY') result.notify = readNotify(value ?? '');
    else result.originalRecipient = readOriginalRecipient(value ?? '');
    if ((name === 'NOTIFY' ? result.notify : result.originalRecipient) === undefined) return { kind: 'bad-value', name };
  }
  return { kind: 'ok', value: result };
}

/** RFC 3461 §4.1: NEVER stands alone. */
function readNotify(value: string): RcptParameters['notify'] {
  const words = value.toLowerCase().split(',');
  const unique = [...new Set(words)];
  if (unique.length !== words.length) return undefined;
  if (value.toLowerCase() === 'never') return ['never'];
  return unique.every((word) => word === 'success' || word === 'failure' || word === 'delay') ? unique : undefined;
}

/** RFC 3461 §4.2, RFC 6533 §3 for the type utf-8. */
function readOriginalRecipient(value: string): string | undefined {
  const semicolon = value.indexOf(';');
  if (value.length > ORIGINAL_RECIPIENT_CHARS_MAX || semicolon < 1) return undefined;
  const type = value.slice(0, semicolon);
  const raw = value.slice(semicolon + 1);
  if (raw === '' || !/^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/.test(type)) return undefined;
  const decoded = type.toLowerCase() === 'utf-8' ? readUtf8Address(raw) : decodeXtext(raw);
  return decoded !== undefined && isPrintable(decoded) ? `${type.toLowerCase()};${decoded}` : undefined;
}

/** RFC 6533 §3: `\x{41}` for what xtext would encode. */
function readUtf8Address(raw: string): string | undefined {
  if (/[+=]/.test(raw)) return decodeXtext(raw);
  const bad = /\\x\{(?![0-9A-Fa-f]{1,6}\})/.test(raw);
  const decoded = raw.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (_, hex: string) => {
    const point = Number.parseInt(hex, 16);
    return point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? '\0' : String.fromCodePoint(point);
  });
  return bad ? undefined : decoded;
}

function isPrintable(text: string): boolean {
  // U+FFFD stands for what was no UTF-8 on the wire.
  // oxlint-disable-next-line no-control-regex -- these must not get into a DSN's header fields
  return !/[\x00-\x1f\x7f\ufffd]/.test(text);
}
