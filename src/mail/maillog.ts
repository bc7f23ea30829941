/**
 * The classic maillog lines, made from log events, so that pflogsumm, fail2ban's postfix filter and people's own
 * scripts go on working: `Nov 20 18:00:00 host postfix/smtp[pid]: ID: to=<…>, relay=…, delay=…, status=sent (…)`.
 *
 * Policy: only the events of log-events.ts have a line here; one event may make several lines or none. Everything a
 * peer said is reduced to printable characters on one line, so that nobody can write a line of their own.
 */
import { isIP } from 'node:net';
import type { LogEntry, LogFields } from '../base/log.ts';
import { printable } from '../base/table.ts';
import { LOG_EVENTS, type AccessFields, type ClientFields, type LogEventFields, type LogEventName } from './log-events.ts';

export interface MaillogOptions {
  /** Name of the host in each line. */
  readonly hostname: string;
  readonly pid: number;
  /** Minutes east of UTC at that time; default: of this machine's time zone. */
  readonly offsetMinutes?: (at: number) => number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const FIELD_CHARS_MAX = 512;
const REPLY_CHARS_MAX = 2000;

/** `daemon: text` for each line. */
type Line = readonly [daemon: string, text: string];
type Formatter<Name extends LogEventName> = (fields: LogEventFields[Name]) => readonly Line[];

const FORMATTERS: { readonly [Name in LogEventName]: Formatter<Name> } = {
  [LOG_EVENTS.smtpConnected]: (fields) => [[smtpd(fields), `connect from ${client(fields)}`]],
  [LOG_EVENTS.smtpDisconnected]: (fields) => [[smtpd(fields), `disconnect from ${client(fields)}${commandCounts(fields.commands)}`]],
  [LOG_EVENTS.smtpClient]: (fields) => [[smtpd(fields), `${word(fields.id)}: client=${client(fields)}${sasl(fields)}`]],
  [LOG_EVENTS.smtpRejected]: (fields) => [[smtpd(fields), rejection(fields)]],
  [LOG_EVENTS.smtpLostConnection]: (fields) => [[smtpd(fields), `lost connection after ${fields.after} from ${client(fields)}`]],
  [LOG_EVENTS.smtpTooManyErrors]: (fields) => [[smtpd(fields), `too many errors after ${fields.after} from ${client(fields)}`]],
  [LOG_EVENTS.smtpPipelining]: (fields) => [[smtpd(fields), `improper command pipelining after ${fields.after} from ${client(fields)}`]],
  [LOG_EVENTS.smtpTlsEstablished]: (fields) => [
    [smtpd(fields), `Anonymous TLS connection established from ${client(fields)}: ${word(fields.version)} with cipher ${word(fields.cipher)}`],
  ],
  [LOG_EVENTS.loginFailed]: (fields) => [
    [smtpd(fields), `warning: ${client(fields)}: SASL ${word(fields.mechanism)} authentication failed: ${loginReason(fields.reason)}${fields.username === undefined ? '' : `, sasl_username=${print(fields.username)}`}`],
  ],
  [LOG_EVENTS.accepted]: (fields) => [['cleanup', `${word(fields.id)}: message-id=${print(fields.messageId ?? '<>')}`]],
  [LOG_EVENTS.queueActive]: (fields) => [
    ['qmgr', `${word(fields.id)}: from=<${address(fields.from)}>, size=${fields.sizeBytes}, nrcpt=${fields.recipients} (queue active)`],
  ],
  [LOG_EVENTS.deliveryOutcome]: (fields) => outcome(fields),
  [LOG_EVENTS.queueRemoved]: (fields) => [['qmgr', `${word(fields.id)}: removed`]],
  [LOG_EVENTS.dsnSent]: (fields) => [['bounce', `${word(fields.id)}: sender ${NOTIFICATIONS[fields.kind]} notification: ${word(fields.dsnId)}`]],
  [LOG_EVENTS.sendingBlocked]: (fields) => [
    ['qmgr', `warning: ${word(fields.id)}: ${word(fields.mx)} refuses mail from ${fields.source === '' ? 'this server' : word(fields.source)}: ${print(fields.reply)}`],
  ],
  [LOG_EVENTS.accessLogin]: (fields) => [[DOVECOT, `${loginDaemon(fields)}: Login: user=<${address(fields.account)}>, ${loginFields(fields)}`]],
  // Our own trouble is no guess of the client's.
  [LOG_EVENTS.accessLoginFailed]: (fields) => [
    [DOVECOT, `${loginDaemon(fields)}: Aborted login (${fields.reason === 'store-failed' ? 'internal failure' : 'auth failed, 1 attempts'}): user=<${address(fields.username ?? '')}>, ${loginFields(fields)}`],
  ],
};

/** Log-ins over IMAP, POP3 and ManageSieve are written as Dovecot writes them, for its filter in fail2ban. */
const DOVECOT = 'dovecot';

function loginDaemon({ service }: AccessFields): string {
  return service === 'sieve' ? 'managesieve-login' : `${word(service)}-login`;
}

function loginFields({ mechanism, clientAddress, tls }: AccessFields): string {
  return `method=${word(mechanism)}, rip=${isIP(clientAddress) ? clientAddress : 'unknown'}${tls ? ', TLS' : ''}`;
}

const NOTIFICATIONS = { failure: 'non-delivery', delay: 'delay', success: 'delivery status' } as const;

/** The lines for an entry, without line ends; empty for events that classic logs do not know. Never throws. */
export function formatMaillog(entry: LogEntry, options: MaillogOptions): string[] {
  const formatter = FORMATTERS[entry.event as LogEventName] as ((fields: LogFields) => readonly Line[]) | undefined;
  if (!formatter) return [];
  const prefix = `${timestamp(entry.at, options)} ${word(options.hostname)}`;
  return formatter(entry.fields).map(([daemon, text]) => `${prefix} ${daemon === DOVECOT ? DOVECOT : `postfix/${daemon}[${options.pid}]`}: ${text}`);
}

/** What the old programs never wrote, as a warning: `… host postfix/posthorn[pid]: warning: event field=value`. */
export function formatWarning(entry: LogEntry, options: MaillogOptions): string {
  const details = Object.entries(entry.fields).map(([name, value]) => `${name}=${printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}`);
  return `${timestamp(entry.at, options)} ${word(options.hostname)} postfix/posthorn[${options.pid}]: ${entry.level === 'warn' ? 'warning' : 'error'}: ${[entry.event, ...details].join(' ')}`;
}

function timestamp(at: number, options: MaillogOptions): string {
  const offset = options.offsetMinutes?.(at) ?? -new Date(at).getTimezoneOffset();
  const local = new Date(at + offset * 60_000);
  return `${MONTHS[local.getUTCMonth()]} ${String(local.getUTCDate()).padStart(2)} ${local.toISOString().slice(11, 19)}`;
}

function smtpd(fields: ClientFields): string {
  const service = fields.service ?? 'smtp';
  return service === 'smtp' ? 'smtpd' : `${word(service)}/smtpd`;
}

function client(fields: ClientFields): string {
  return `${word(fields.clientName ?? 'unknown')}[${isIP(fields.clientAddress) ? fields.clientAddress : 'unknown'}]`;
}

/** Our own trouble in the words by which fail2ban knows it as no guess of the client's. */
function loginReason(reason: string): string {
  return reason === 'store-failed' ? 'Connection lost to authentication server' : print(reason);
}

/** `ehlo=1 auth=0/2 commands=1/3`, as Postfix 3 counts on disconnect. */
function commandCounts(commands: LogEventFields['smtp.disconnected']['commands']): string {
  const entries = Object.entries(commands ?? {});
  if (entries.length === 0) return '';
  const sums = entries.reduce(([ok, all], [, counts]) => [ok + counts[0], all + counts[1]] as const, [0, 0] as readonly [number, number]);
  return `${entries.map(([name, [ok, all]]) => ` ${word(name)}=${ratio(ok, all)}`).join('')} commands=${ratio(...sums)}`;
}

function ratio(ok: number, all: number): string {
  return ok === all ? `${ok}` : `${ok}/${all}`;
}

function sasl(fields: LogEventFields['smtp.client']): string {
  const method = fields.saslMethod === undefined ? '' : `, sasl_method=${word(fields.saslMethod)}`;
  return method + (fields.saslUsername === undefined ? '' : `, sasl_username=${print(fields.saslUsername)}`);
}

function rejection(fields: LogEventFields['smtp.rejected']): string {
  const enhanced = fields.enhanced === undefined ? '' : ` ${word(fields.enhanced)}`;
  const details = [
    fields.from === undefined ? undefined : `from=<${address(fields.from)}>`,
    fields.to === undefined ? undefined : `to=<${address(fields.to)}>`,
    fields.proto === undefined ? undefined : `proto=${word(fields.proto)}`,
    fields.helo === undefined ? undefined : `helo=<${print(fields.helo)}>`,
  ].filter((detail) => detail !== undefined);
  const tail = details.length > 0 ? `; ${details.join(' ')}` : '';
  const text = classicWords(fields) + print(fields.text, REPLY_CHARS_MAX);
  return `${word(fields.id ?? 'NOQUEUE')}: reject: ${fields.stage} from ${client(fields)}: ${fields.code}${enhanced} ${text}${tail}`;
}

/** Tools look for Postfix's own words: they stand before our text, chosen by stage and enhanced code. */
function classicWords(fields: LogEventFields['smtp.rejected']): string {
  const subject = fields.enhanced?.slice(1);
  const rejected = (whose: string, value: string | undefined): string => `<${address(value ?? '')}>: ${whose} address rejected: `;
  if (fields.stage === 'CONNECT') return subject === '.7.1' ? 'Client host rejected: ' : 'Service unavailable; ';
  if (fields.stage === 'MAIL') return rejected('Sender', fields.from);
  if (fields.stage !== 'RCPT') return '';
  if (subject === '.1.1') return `${rejected('Recipient', fields.to)}User unknown; `;
  if (subject === '.7.1' || subject === '.7.54') return `<${address(fields.to ?? '')}>: Relay access denied; `;
  return rejected('Recipient', fields.to);
}

const EXPIRED = 'has exceeded its time in the queue';

function outcome(fields: LogEventFields['delivery.outcome']): Line[] {
  const { delays } = fields;
  const original = fields.originalTo === undefined || fields.originalTo === fields.to ? '' : ` orig_to=<${address(fields.originalTo)}>,`;
  const times = [delays.a, delays.b, delays.c, delays.d].map(seconds).join('/');
  const total = seconds(delays.a + delays.b + delays.c + delays.d);
  const status = fields.status === 'expired' ? 'bounced' : fields.status;
  const reply = fields.status === 'expired' ? `${EXPIRED}: ${fields.reply}` : fields.reply;
  const text =
    `${word(fields.id)}: to=<${address(fields.to)}>,${original} relay=${relay(fields)}, delay=${total}, delays=${times}, ` +
    `dsn=${word(fields.dsn)}, status=${status} (${print(reply, REPLY_CHARS_MAX)})`;
  return [[fields.transport, text]];
}

function relay(fields: LogEventFields['delivery.outcome']): string {
  if (fields.relay === undefined) return fields.transport === 'local' ? 'local' : 'none';
  if (fields.relayAddress === undefined) return word(fields.relay);
  return `${word(fields.relay)}[${word(fields.relayAddress)}]:${fields.port ?? 25}`;
}

/** Two significant digits below ten, as Postfix prints delays. */
function seconds(ms: number): string {
  const value = Math.max(0, ms) / 1000;
  if (value >= 10) return value.toFixed(0);
  return value === 0 ? '0' : String(Number(value.toPrecision(2)));
}

/** A token: nothing that ends it or opens another. */
function word(text: string): string {
  return print(text).replace(/[\s,;()<>]/g, '?');
}

function address(text: string): string {
  return print(text).replace(/[<>]/g, '?');
}

/** One line of printable text. */
function print(text: string, charsMax = FIELD_CHARS_MAX): string {
  return String(text).slice(0, charsMax).replace(/\r?\n/g, ' ').replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '?');
}
