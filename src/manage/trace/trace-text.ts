/**
 * The timeline of messages as text for a terminal: one line per step, below it what was said, what it means and what to
 * do. Pure; times are UTC; no control character of a peer gets through.
 */
import { safeForTerminal } from '../../mail/text.ts';
import { triedHost } from '../../mail/tried-hosts.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { AttemptFacts } from '../../contract/queue.ts';
import type { Reply, TlsFacts } from '../../contract/message.ts';
import type { CertificateProof, TlsPolicyFacts } from '../../contract/tls-policy.ts';
import type { TraceEvent, TraceMessage, TraceRecipient, TraceResult } from './trace-result.ts';

export interface TraceTextOptions {
  /** Milliseconds since 1970, for "in 5 minutes". */
  readonly now: number;
  /** Columns; default 100. */
  readonly width?: number;
}

type Data = Readonly<Record<string, unknown>>;
/** The step in a few words, and lines below it. */
interface Step {
  readonly title: string;
  readonly details?: readonly string[];
}
type Describe = (event: TraceEvent, message: TraceMessage, options: TraceTextOptions) => Step;

const INDENT = ' '.repeat(12);

export function renderTimeline(result: Pick<TraceResult, 'query' | 'messages'>, options: TraceTextOptions): string {
  if (result.messages.length === 0) return `Nothing is known of "${clean(result.query)}". Search by queue id, address or Message-ID.\n`;
  return result.messages.map((message) => renderMessage(message, options)).join('\n');
}

function renderMessage(message: TraceMessage, options: TraceTextOptions): string {
  const lines = [`${message.id}  from <${clean(message.sender)}>  ${message.sizeBytes} bytes  ${clean(message.messageId ?? '')}`.trimEnd()];
  for (const recipient of message.recipients) lines.push(`  to <${clean(recipient.address)}>: ${standing(recipient, options)}`);
  let day = '';
  for (const event of message.events) {
    const stamp = new Date(event.at).toISOString();
    if (stamp.slice(0, 10) !== day) {
      day = stamp.slice(0, 10);
      lines.push(`  ${day} (UTC)`);
    }
    lines.push(...renderEvent(event, message, stamp.slice(11, 19), options));
  }
  return `${lines.join('\n')}\n`;
}

/** Where the recipient is now, and what happens next. */
function standing(recipient: TraceRecipient, options: TraceTextOptions): string {
  if (recipient.state !== 'queued') return recipient.state;
  const next = recipient.nextAttemptAt === undefined ? '' : `, next try ${when(recipient.nextAttemptAt, options.now)}`;
  return `waiting after ${recipient.attempts} ${recipient.attempts === 1 ? 'attempt' : 'attempts'}${next}`;
}

function renderEvent(event: TraceEvent, message: TraceMessage, time: string, options: TraceTextOptions): string[] {
  const step = (DESCRIBE[event.name] ?? describeOther)(event, message, options);
  const details = [...(step.details ?? []), ...explained(event)];
  const lines = [`  ${time}  ${step.title}`, ...details.flatMap((detail) => wrap(detail, (options.width ?? 100) - INDENT.length).map((line) => INDENT + line))];
  return lines.map(clean);
}

function explained({ explanation }: TraceEvent): string[] {
  if (!explanation) return [];
  const source = `(${explanation.provider ? `${explanation.provider}; ` : ''}culprit: ${explanation.culprit}; ${explanation.source}, as of ${explanation.date})`;
  const page = explanation.reference === undefined ? [] : [`their page: ${explanation.reference}`];
  return [`meaning: ${explanation.meaning}`, `do: ${explanation.nextStep}`, ...page, source];
}

const DESCRIBE: Readonly<Record<string, Describe>> = {
  [MESSAGE_EVENTS.accepted]: ({ data }) => ({ title: `accepted ${origin(data)}`.trimEnd() }),
  [MESSAGE_EVENTS.repaired]: ({ data }) => ({ title: `header repaired: ${list(data['fields'])}` }),
  [MESSAGE_EVENTS.authenticated]: describeAuthentication,
  [MESSAGE_EVENTS.judged]: ({ data }) => ({ title: `judged: ${text(data['action'])} ${text(data['rule'])}`.trimEnd(), ...(data['text'] ? { details: [text(data['text'])] } : {}) }),
  [MESSAGE_EVENTS.forwarded]: ({ data }) => ({ title: forwarding(data['recipients']) }),
  [MESSAGE_EVENTS.sealed]: ({ data }) => ({ title: data['reason'] ? `not sealed: ${text(data['reason'])}` : `sealed: ARC i=${text(data['instance'])} cv=${text(data['cv'])} by ${text(data['domain'])}` }),
  [MESSAGE_EVENTS.signed]: ({ data }) => ({ title: `signed: ${signatures(data['signatures'])}` }),
  [MESSAGE_EVENTS.queued]: ({ data }, _message, options) => ({ title: `queued${typeof data['expiresAt'] === 'number' ? `, to be delivered ${when(data['expiresAt'], options.now, 'by')}` : ''}` }),
  [MESSAGE_EVENTS.filtered]: ({ data }) => ({
    title: `filtered by ${list(data['scripts'])}`,
    details: [...texts(data['actions']), ...texts(data['notes']), ...texts(data['problems']).map((problem) => `problem: ${problem}`)],
  }),
  [MESSAGE_EVENTS.delivered]: (event, message, options) => describeAttempt('delivered', event, message, options),
  [MESSAGE_EVENTS.returned]: (event, message, options) => describeAttempt('returned later', event, message, options),
  [MESSAGE_EVENTS.complained]: (event, message) => ({ title: `${who(event, message)}${event.data['kind'] === 'opt-out' ? 'asked for no more' : 'called it spam'}: ${text(event.data['reporter'])} tells (report ${text(event.data['reportId'])}); the address gets no more ${text(event.data['suppressed'])} mail` }),
  [MESSAGE_EVENTS.deferred]: (event, message, options) => describeAttempt('deferred', event, message, options),
  [MESSAGE_EVENTS.bounced]: (event, message, options) => describeAttempt('bounced', event, message, options),
  [MESSAGE_EVENTS.expired]: (event, message, options) => describeAttempt('expired', event, message, options),
  [MESSAGE_EVENTS.dsnSent]: ({ data }) => ({ title: `report sent to <${text(data['to'])}> as ${text(data['dsnId'])}` }),
  [MESSAGE_EVENTS.dsnWithheld]: ({ data }) => ({ title: `no report sent: ${text(data['reason'])}` }),
  [MESSAGE_EVENTS.done]: () => ({ title: 'done: every recipient has met its fate' }),
};

function describeOther(event: TraceEvent, message: TraceMessage): Step {
  const [, verb = event.name] = event.name.split('.');
  const by = event.data['by'] === undefined ? '' : ` by ${text(event.data['by'])}`;
  const { reason, note } = event.data;
  return {
    title: `${who(event, message)}${verb}${by}`,
    // Why it is held: words of this server, or of the administrator.
    details: [...(typeof reason === 'string' ? [text(reason)] : []), ...(typeof note === 'string' ? [`note: ${text(note)}`] : [])],
  };
}

function origin(data: Data): string {
  if (data['protocol'] === 'internal') return `from this server itself${data['about'] === undefined ? '' : `, about ${text(data['about'])}`}`;
  const address = data['clientAddress'] ?? data['client'];
  const helo = data['helo'] === undefined ? '' : ` saying ${text(data['helo'])}`;
  const client = address === undefined ? '' : `from ${text(data['clientName'] ?? 'unknown')} [${text(address)}]${helo}`;
  const protocol = data['protocol'] === undefined ? '' : `with ${text(data['protocol'])}`;
  const account = data['account'] === undefined ? '' : `logged in as ${text(data['account'])}`;
  return [client, protocol, tls(data['tls'] as TlsFacts | undefined), account].filter((part) => part !== '').join(', ');
}

interface StoredReport {
  readonly spf?: { readonly result: string; readonly domain?: string; readonly explanation?: string };
  readonly dkim?: readonly { readonly result: string; readonly domain?: string; readonly selector?: string; readonly reason?: string }[];
  readonly dmarc?: { readonly result: string; readonly fromDomain?: string; readonly policy?: string; readonly explanation?: string };
  readonly arc?: { readonly cv: string; readonly reason?: string };
}

function describeAuthentication({ data }: TraceEvent): Step {
  const report = (data['report'] ?? data) as StoredReport;
  const dkim = report.dkim ?? [];
  const words = [`spf=${text(report.spf?.result ?? 'none')}`, `dkim=${dkim.length === 0 ? 'none' : dkim.map((signature) => text(signature.result)).join(',')}`, `dmarc=${text(report.dmarc?.result ?? 'none')}`, `arc=${text(report.arc?.cv ?? 'none')}`];
  const details = [
    report.spf?.explanation && `spf: ${text(report.spf.explanation)}`,
    ...dkim.map((signature) => `dkim: ${text(signature.domain ?? '?')} (${text(signature.selector ?? '?')}) ${text(signature.result)}${signature.reason ? `: ${text(signature.reason)}` : ''}`),
    report.dmarc?.explanation && `dmarc: ${text(report.dmarc.explanation)}`,
    report.arc?.reason && `arc: ${text(report.arc.reason)}`,
  ];
  return { title: `authenticated: ${words.join(' ')}`, details: details.filter((detail): detail is string => typeof detail === 'string' && detail !== '') };
}

function signatures(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return 'no key for the domain';
  return value.map((entry: { domain?: string; selector?: string; algorithm?: string }) => `${text(entry.domain)} (${text(entry.selector)}, ${text(entry.algorithm)})`).join(', ');
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

function forwarding(value: unknown): string {
  if (!Array.isArray(value)) return 'forwarded';
  const vias = [...new Set(value.map((entry: { via?: string }) => text(entry.via)))];
  const senders = [...new Set(value.flatMap((entry: { reversePath?: string }) => (entry.reversePath === undefined ? [] : [text(entry.reversePath)])))];
  return `forwarded by ${vias.join(', ')}${senders.length > 0 ? ` as <${senders.join('>, <')}>` : ', the sender unchanged'}`;
}

const TRIED_CHARS_MAX = 300;

function describeAttempt(outcome: string, event: TraceEvent, message: TraceMessage, options: TraceTextOptions): Step {
  const data = event.data as Data & AttemptFacts & { reply?: Reply; nextAttemptAt?: number };
  const host = data.mx === undefined ? '' : ` ${outcome === 'delivered' ? 'to' : 'at'} ${text(data.mx)}${data.address ? ` [${text(data.address)}]:${text(data.port ?? 25)}` : ''}`;
  const connection = [tls(data.tls), data.reused ? 'connection reused' : '', data.localAddress ? `from ${text(data.localAddress)}` : ''].filter((part) => part !== '');
  const details = [
    ...(data.tried ?? []).map((tried) => `also tried: ${text(triedHost(tried, TRIED_CHARS_MAX))}`),
    ...(data.cutShort ? ['further hosts, if there are any, were not asked: one attempt asks only so many'] : []),
    ...(connection.length > 0 ? [connection.join(', ')] : []),
    ...tlsPolicy(data.tlsPolicy),
    ...(data.preflight?.findings ?? []).map((finding) => `preflight: ${text(finding.text)} ${text(finding.fix)}`),
    ...(data.reply ? [`reply: ${[data.reply.code, data.reply.enhanced, data.reply.text].filter((part) => part !== undefined && part !== '').map(text).join(' ')}`] : []),
    ...(data.delays ? [`delays: ${delays(data.delays)}`] : []),
    ...(data.nextAttemptAt === undefined ? [] : [`next try ${when(data.nextAttemptAt, options.now)}`]),
  ];
  return { title: `${who(event, message)}${outcome}${host}`, details };
}

function delays({ a, b, c, d }: NonNullable<AttemptFacts['delays']>): string {
  return `a ${seconds(a)} arriving, b ${seconds(b)} in the queue, c ${seconds(c)} connecting, d ${seconds(d)} sending`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function tls(facts: TlsFacts | undefined): string {
  if (!facts) return '';
  return `${text(facts.version)} ${text(facts.cipher)}${facts.verified === undefined ? '' : facts.verified ? ', certificate verified' : ', certificate not verified'}`;
}

const PROOFS: Readonly<Record<CertificateProof, string>> = { 'dane-ee': 'its key is in the TLSA records', 'dane-ta': 'its authority is in the TLSA records', pkix: 'a known authority' };

/** Who wanted which protection, and how that went; nothing where nobody wanted any and nothing was wrong. */
function tlsPolicy(facts: TlsPolicyFacts | undefined): string[] {
  if (!facts || (facts.policy === 'opportunistic' && facts.problem === undefined)) return [];
  const demand = facts.policy === 'opportunistic' ? 'TLS is not a must' : facts.policy === 'none' ? `no TLS, by ${text(facts.source)}` : `TLS required by ${text(facts.source)}`;
  const met = facts.verifiedBy ? `; certificate accepted: ${PROOFS[facts.verifiedBy]}` : '';
  return [`${demand}${met}${facts.problem === undefined ? '' : `; ${text(facts.problem)}`}`];
}

function who(event: TraceEvent, message: TraceMessage): string {
  const recipient = message.recipients.find(({ index }) => index === event.recipient);
  return recipient ? `<${text(recipient.address)}> ` : '';
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(text).join(', ') : text(value);
}

/** `at 18:05:00 (in 5 min)`; UTC. */
function when(at: number, now: number, preposition = 'at'): string {
  const stamp = new Date(at).toISOString();
  const distance = Math.round(Math.abs(at - now) / 1000);
  const words = distance < 120 ? `${distance} s` : distance < 7200 ? `${Math.round(distance / 60)} min` : distance < 172_800 ? `${Math.round(distance / 3600)} h` : `${Math.round(distance / 86_400)} days`;
  return `${preposition} ${stamp.slice(0, 10)} ${stamp.slice(11, 19)} (${at >= now ? `in ${words}` : `${words} ago`})`;
}

function text(value: unknown): string {
  return value === undefined || value === null ? '' : String(value).replace(/\s+/g, ' ').trim();
}

function clean(line: string): string {
  return safeForTerminal(line).replace(/[\n\t]/g, ' ');
}

function wrap(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = `  ${word}`;
    } else current += current === '' ? word : ` ${word}`;
  }
  return [...lines, current];
}
