/**
 * How a remote site would answer mail to an address from a sender: the same steps as a delivery, stopped before DATA, so
 * that nothing is sent. One address at a time: asking for many is what receivers block senders for.
 */
import { isAscii } from 'node:buffer';
import { DOCTOR_LIMITS } from '../../base/doctor-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork, MailProbeAnswer, MailProbeRequest, ProbedStep } from '../../contract/doctor-network.ts';
import { displayDomain, domainOf, normalizeDomain, parseMailbox } from '../../mail/address.ts';
import { explainReply, type Explanation } from '../../mail/reply-meaning/explain.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export interface ProbeQuestion {
  readonly recipient: string;
  /** '' is the null sender of bounces. */
  readonly sender: string;
  readonly helo: string;
  /** Our address; default: the system's choice. */
  readonly source?: string;
  /** Every mail server, also behind one that answered. Default false. */
  readonly all?: boolean;
}

export interface ProbedHost {
  readonly host: string;
  readonly preference: number;
  readonly address: string;
  /** `later`: 4xx. */
  readonly outcome: 'accepts' | 'later' | 'refuses' | 'unreachable';
  /** A sentence. */
  readonly text: string;
  readonly tls?: { readonly version: string; readonly trusted: boolean; readonly detail?: string };
  readonly steps: readonly ProbedStep[];
  /** Of the reply that decided; absent when it accepts. */
  readonly explanation?: Explanation;
}

export interface SmtpProbe {
  readonly recipient: string;
  readonly sender: string;
  readonly helo: string;
  readonly domain: string;
  readonly outcome: ProbedHost['outcome'] | 'no-mail' | 'unknown';
  /** A sentence. */
  readonly text: string;
  readonly hosts: readonly ProbedHost[];
}

const HOSTS_MAX = 5;
const ADDRESSES_MAX = 2;

/** Throws a permanent Failure `bad-address`, or `no-network`. */
export async function probeAddress({ dns, clock, network }: VerifyContext, question: ProbeQuestion): Promise<SmtpProbe> {
  if (!network) throw new Failure('no-network', 'no connection can be made here', { temporary: false });
  for (const [what, address] of [['recipient', question.recipient], ['sender', question.sender]] as const) {
    if (!isAscii(Buffer.from(address))) throw new Failure('bad-address', `the ${what} ${address} has letters beyond ASCII, which the probe does not send: ask with another address of the same domain (xn--… for its name)`, { temporary: false });
    if (!(what === 'sender' && address === '') && !parseMailbox(address)) throw new Failure('bad-address', `the ${what} ${address} is not a mail address`, { temporary: false });
  }
  const { recipient, sender, helo } = question;
  const domain = normalizeDomain(domainOf(recipient));
  const about = { recipient, sender, helo, domain };
  const servers = await mailServers(dns, domain);
  if ('outcome' in servers) return { ...about, ...servers, hosts: [] };
  const hosts: ProbedHost[] = [];
  const lastStart = clock.monotonic() + DOCTOR_LIMITS.patientProbesMs;
  for (const { host, preference } of servers.hosts.slice(0, HOSTS_MAX)) {
    for (const address of (await addressesOf(dns, host, question.source)).slice(0, ADDRESSES_MAX)) {
      if (hosts.length > 0 && clock.monotonic() >= lastStart) return { ...about, ...concluded(hosts, domain), hosts };
      hosts.push({ host, preference, address, ...(await askHost(network, { address, port: network.mailPort, host, helo, relay: { from: sender, to: recipient }, patienceMs: DOCTOR_LIMITS.patientProbeMs, ...(question.source === undefined ? {} : { localAddress: question.source }) })) });
      if (hosts.at(-1)?.outcome !== 'unreachable' && !question.all) return { ...about, ...concluded(hosts, domain), hosts };
    }
  }
  return { ...about, ...concluded(hosts, domain), hosts };
}

type NoServers = Pick<SmtpProbe, 'outcome' | 'text'>;

async function mailServers(dns: Dns, domain: string): Promise<NoServers | { readonly hosts: readonly { readonly host: string; readonly preference: number }[] }> {
  const mx = await dns.query(domain, 'MX');
  const shown = displayDomain(domain);
  switch (mx.kind) {
    case 'failure':
      return { outcome: 'unknown', text: `The mail servers of ${shown} cannot be looked up now (${mx.reason}).` };
    case 'nxdomain':
      return { outcome: 'no-mail', text: `The domain ${shown} does not exist.` };
    case 'nodata':
      // RFC 5321 §5.1: without MX the domain itself.
      return { hosts: [{ host: domain, preference: 0 }] };
    case 'found': {
      const hosts = mx.records.map(({ preference, exchange }) => ({ host: exchange, preference })).toSorted((a, b) => a.preference - b.preference);
      // RFC 7505 §3.
      return hosts.every(({ host }) => host === '') ? { outcome: 'no-mail', text: `${shown} declares that it takes no mail (null MX).` } : { hosts };
    }
  }
}

async function addressesOf(dns: Dns, host: string, source: string | undefined): Promise<readonly string[]> {
  const types = source === undefined ? (['A', 'AAAA'] as const) : source.includes(':') ? (['AAAA'] as const) : (['A'] as const);
  const answers = await Promise.all(types.map((type) => dns.query(host, type)));
  return answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
}

type Judged = Omit<ProbedHost, 'host' | 'preference' | 'address'>;

/** Where TLS does not work, once more in the clear: so does a delivery to a domain that demands no TLS (RFC 7435 §3). */
async function askHost(network: DoctorNetwork, request: MailProbeRequest): Promise<Judged> {
  const answer = await network.probe(request);
  if (answer.kind !== 'failure' || answer.unanswered !== 'STARTTLS') return judge(answer, request.host);
  const clear = judge(await network.probe({ ...request, clear: true }), request.host);
  return { ...clear, text: `${clear.text} That was in the clear, because STARTTLS does not work there: ${answer.detail}. Where the domain demands TLS (MTA-STS, DANE), nothing would be delivered.` };
}

function judge(answer: MailProbeAnswer, host: string): Judged {
  if (answer.kind === 'failure') return { outcome: 'unreachable', text: failureWords(answer), steps: answer.steps ?? [] };
  const { steps = [], tls } = answer;
  const seen = { steps, ...(tls ? { tls: { version: tls.version, trusted: tls.peer.distrust === undefined && tls.peer.names(host), ...(tls.peer.distrust ? { detail: tls.peer.distrust.detail } : {}) } } : {}) };
  if (answer.relay?.outcome === 'taken') return { outcome: 'accepts', text: 'It would take the message, as far as it tells before seeing it.', ...seen };
  const deciding = steps.findLast(({ command, code }) => code >= 400 && command !== 'RSET');
  if (!deciding) return { outcome: 'unreachable', text: 'It ended without an answer.', ...seen };
  const { code, enhanced, lines } = deciding;
  const explanation = explainReply({ code, ...(enhanced === undefined ? {} : { enhanced }), text: lines.join(' ') }, { mx: host, own: false });
  const where = deciding.command === '' ? 'the greeting' : (deciding.command.split(':', 1)[0] ?? '');
  return { outcome: code < 500 ? 'later' : 'refuses', text: `It answered ${where} with ${code}: ${explanation.meaning}`, ...seen, explanation };
}

function failureWords({ unanswered, detail }: Extract<MailProbeAnswer, { kind: 'failure' }>): string {
  if (unanswered === undefined) return `It could not be asked: ${detail}.`;
  return `It was reached, and ${unanswered === '' ? 'sent no greeting' : `gave no answer to ${unanswered.split(':', 1)[0]}`}: ${detail}.`;
}

function concluded(hosts: readonly ProbedHost[], domain: string): NoServers {
  const shown = displayDomain(domain);
  if (hosts.length === 0) return { outcome: 'unknown', text: `No mail server of ${shown} has an address that can be asked.` };
  const deciding = hosts.find(({ outcome }) => outcome !== 'unreachable') ?? hosts[0];
  return { outcome: deciding?.outcome ?? 'unknown', text: `${deciding?.host}: ${deciding?.text}` };
}
