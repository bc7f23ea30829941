/**
 * What a check is: one question about a host, an address, a domain or a message, its answer in plain words, and what to do. One file
 * each in checks/; how much it weighs is data beside it.
 */
import type { Dns } from '../contract/dns.ts';
import type { DoctorNetwork } from '../contract/doctor-network.ts';
import type { DomainList } from '../verify/dnsbl/domain-lists.ts';
import type { DnsList } from '../verify/dnsbl/lists.ts';
import type { DomainFigures, HostFigures } from './figures.ts';
import type { MessageSubject } from './message/subject.ts';

export interface HostSubject {
  readonly kind: 'host';
  /** Name in EHLO and banner. */
  readonly hostname: string;
  readonly addresses: readonly SendingAddress[];
  /** Absent: no server is configured here. */
  readonly server?: ServerFacts;
  readonly figures?: HostFigures;
}

export interface AddressSubject extends SendingAddress {
  readonly kind: 'address';
  /** Absent: no server is configured here. */
  readonly server?: ServerFacts;
}

export interface DomainSubject {
  readonly kind: 'domain';
  readonly domain: string;
  /** '': it is not of this server, or there is none. */
  readonly hostname: string;
  readonly addresses: readonly SendingAddress[];
  readonly keys: readonly DomainKey[];
  /** What the domain is for, as `posthorn dns policy --use` says. Absent: its mail may come here. */
  readonly use?: 'send-only' | 'none';
  /** Of `postmaster` and `abuse`, those that nobody gets. Undefined: not known here. */
  readonly unreachable?: readonly string[];
  /** Of its mail in the last week. Absent: no domain of this server. */
  readonly figures?: DomainFigures;
  /** Absent: no server is configured here. */
  readonly server?: ServerFacts;
}

/** What this server knows of itself. */
export interface ServerFacts {
  readonly handling?: HandlingFacts;
  /** Where it can be reached from this machine. */
  readonly listeners: readonly ServiceListener[];
  /** Mail leaves through this smarthost. */
  readonly relay?: string;
  /** Labels below each domain, such as `www`, that never send mail. */
  readonly namesWithoutMail?: readonly string[];
  /** Networks in CIDR form whose hosts may relay without logging in. */
  readonly trusted: readonly string[];
  /** Sessions with other mail servers of the last days, and how many of them were encrypted. */
  readonly outboundTls?: { readonly sessions: number; readonly encrypted: number };
  /** From where and under which names mail left in the last month, as examinations saw it, the latest first. */
  readonly identities?: readonly PastIdentity[];
}

export interface PastIdentity extends SendingAddress {
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What this server makes of bounces and forwarded mail. */
export interface HandlingFacts {
  /** A bounce made to be looked at, base64. */
  readonly bounce: string;
  readonly forwarding: {
    readonly rewriteSender: boolean;
    /** Made for a stranger's address, and whether it leads back to it. */
    readonly returnPath: string;
    readonly readsBack: boolean;
    /** Absent: the domain of the alias. */
    readonly srsDomain?: string;
  };
}

export interface ServiceListener {
  readonly service: 'smtp' | 'submission' | 'submissions' | 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'sieve';
  /** An address that can be dialled. */
  readonly address: string;
  readonly port: number;
}

export interface SendingAddress {
  readonly address: string;
  /** Its EHLO name. */
  readonly helo: string;
}

export interface DomainKey {
  readonly selector: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** Base64 as p= wants it. */
  readonly publicKey: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export type Subject = HostSubject | AddressSubject | DomainSubject | MessageSubject;

export interface DoctorContext {
  readonly dns: Dns;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Absent: only the DNS is asked, and what needs more is `unknown` (see NO_NETWORK). */
  readonly network?: DoctorNetwork;
  /** DNS lists of addresses, those with keys among them. Absent: those that need none. */
  readonly lists?: readonly DnsList[];
  /** As `lists`, of domains. */
  readonly domainLists?: readonly DomainList[];
}

export type Level = 'pass' | 'warn' | 'fail' | 'unknown' | 'skip';

export interface Finding {
  /** `unknown` is never `fail`: what the DNS did not tell is not held against anybody. `skip`: does not apply. */
  readonly level: Level;
  /** A sentence. */
  readonly text: string;
  /** What to do, in words. */
  readonly remedy?: string;
  /** The record to publish, as a zone file writes it. */
  readonly record?: string;
  /** Instead of the check's, where it depends on how much was found. */
  readonly weight?: number;
}

export interface Check<S extends Subject = Subject> {
  /** For --only and --explain. */
  readonly id: string;
  readonly about: S['kind'];
  readonly title: string;
  /** Why it matters, for --explain. */
  readonly why: string;
  /** Taken off ten when it fails; half of it for a warning. */
  readonly weight: number;
  /** A failure allows no more than this. */
  readonly cap?: number;
  /** RFC or page of a provider. */
  readonly link: string;
  readonly run: (context: DoctorContext, subject: S) => Promise<Finding>;
}

/** Keeps the subject of a check while it is put on the list with others. */
export function defineCheck<S extends Subject>(check: Check<S>): Check {
  return check as unknown as Check;
}

export const ADDRESSES_UNKNOWN = 'Which address others see when this server sends is not known here, as behind NAT: name it in [[outbound.ip]] of posthorn.toml, address = the one of this machine, public-address = the one that others see.';
export const NO_NETWORK: Finding = { level: 'unknown', text: 'This needs connections to other machines, which are not made here.' };

export const pass = (text: string): Finding => ({ level: 'pass', text });
export const skip = (text: string): Finding => ({ level: 'skip', text });
export const warn = (text: string, remedy: string, record?: string): Finding => ({ level: 'warn', text, remedy, ...(record === undefined ? {} : { record }) });
export const fail = (text: string, remedy: string, record?: string): Finding => ({ level: 'fail', text, remedy, ...(record === undefined ? {} : { record }) });

export function unknown(text: string, remedy?: string): Finding {
  return { level: 'unknown', text, ...(remedy === undefined ? {} : { remedy }) };
}

/** For an answer of the DNS that is none. */
export function unanswered(what: string, { reason }: { readonly reason: string }): Finding {
  return { level: 'unknown', text: `${what} could not be looked up now (${reason}).` };
}
