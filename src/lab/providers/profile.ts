/**
 * What a simulated provider is: its names, what its MX offers, and the rules by which it judges, each a named function
 * from facts to a reply. One file per provider holds these as data; the machinery (session, facts) is the same for all.
 *
 * Rules of one stage are asked in order, the first that replies decides.
 */
import type { DkimReport, DmarcReport, IprevReport, SpfReport, ArcReport } from '../../contract/auth-report.ts';
import type { Reply, TlsFacts } from '../../contract/message.ts';
import type { ScenarioName } from '../scenarios.ts';
import type { HeaderFacts } from './header-facts.ts';

export interface ProviderReply extends Reply {
  /** Close the connection after the reply. */
  readonly close?: boolean;
}

/** Known when a client has connected. */
export interface ConnectFacts {
  readonly provider: ProviderProfile;
  readonly ip: string;
  readonly iprev: IprevReport;
  /** Of the profile's block lists, those that list the client. */
  readonly listedIn: readonly string[];
  /** The codes by which they list it, 127.x. */
  readonly listedAs: readonly string[];
  /** From this address, this one included. */
  readonly connections: { readonly open: number; readonly perMinute: number };
  readonly weather: (name: ScenarioName) => boolean;
  /** Messages from this address in the last minute, and how many are allowed. */
  readonly rate: { readonly perMinute: number; readonly allowed: number };
  /** Recipients that did not exist, from this address today. */
  readonly unknownRecipients: number;
}

/** What else than the address can send too fast; the scenario `rate-limit-KIND` limits it. */
export interface CulpritRate {
  readonly kind: 'netblock' | 'dkim' | 'spf' | 'url';
  readonly key: string;
  /** Messages in the last minute, this one included. */
  readonly perMinute: number;
}

export interface HelloFacts extends ConnectFacts {
  readonly helo: string;
}

export interface MailFacts extends HelloFacts {
  readonly tls?: TlsFacts;
  /** '' is the null sender. */
  readonly sender: string;
  /** Has the sender's domain an MX or address record? `yes` for the null sender. */
  readonly senderDomain: 'yes' | 'no' | 'unknown';
  /** Messages accepted on this connection so far. */
  readonly messagesBefore: number;
}

export interface RecipientFacts extends MailFacts {
  readonly recipient: string;
  readonly mailbox: 'open' | 'unknown' | 'full' | 'disabled' | 'busy' | 'foreign';
}

export interface MessageFacts extends MailFacts {
  readonly recipients: readonly string[];
  readonly header: HeaderFacts;
  readonly spf: SpfReport;
  readonly dkim: readonly DkimReport[];
  readonly dmarc: DmarcReport;
  readonly arc: ArcReport;
  /** The From domain sends in bulk: 5,000 messages on one day, once and for ever. */
  readonly bulk: boolean;
  readonly culprits: readonly CulpritRate[];
  /** Messages with this Message-ID today, this one included. */
  readonly sameMessageId: number;
  /** Complaints per message that reached an inbox, of the From domain, today; 0 below 100 messages. */
  readonly complaintRate: number;
  readonly sizeBytes: number;
  /** Generic test pattern for unsolicited mail found in the body. */
  readonly spamPattern: boolean;
}

export interface Rule<Facts> {
  /** Stable, kebab-case; shown in counters. */
  readonly name: string;
  readonly judge: (facts: Facts) => ProviderReply | undefined;
}

export interface ProviderProfile {
  /** Short, as in `posthorn lab inbox gmail`; the domains work as well. */
  readonly name: string;
  readonly domains: readonly string[];
  readonly mxHost: string;
  /** After `220 `. */
  readonly banner: string;
  /** Published records besides MX and addresses. */
  readonly dmarc?: string;
  /** Record at _smtp._tls, RFC 8460 §3. */
  readonly tlsReports?: string;
  readonly secureZone?: boolean;
  /** RFC 8461; absent: none is published. */
  readonly mtaSts?: { readonly mode: 'enforce' | 'testing'; readonly maxAgeSeconds: number };
  readonly extensions: {
    readonly enhancedCodes: boolean;
    readonly chunking: boolean;
    readonly smtpUtf8: boolean;
    readonly dsn: boolean;
    /** RFC 8689; offered under TLS. Default false. */
    readonly requireTls?: boolean;
    readonly sizeBytesMax: number;
  };
  /** DNS lists it asks about clients. */
  readonly blocklists: readonly string[];
  /** Then it closes the connection without a word; absent means no limit. */
  readonly messagesPerConnectionMax?: number;
  /** Messages a minute from one address. Real ones publish none: see docs/decisions. */
  readonly messagesPerMinuteMax: number;
  /** Sends an ARF report for a complaint. */
  readonly feedbackLoop: boolean;
  readonly greylisted: ProviderReply;
  readonly rules: {
    readonly connect: readonly Rule<ConnectFacts>[];
    readonly hello: readonly Rule<HelloFacts>[];
    readonly mail: readonly Rule<MailFacts>[];
    readonly recipient: readonly Rule<RecipientFacts>[];
    readonly message: readonly Rule<MessageFacts>[];
  };
}

export interface Verdict {
  readonly rule: string;
  readonly reply: ProviderReply;
}

/** The first rule that replies, or undefined when all are content. */
export function firstVerdict<Facts>(rules: readonly Rule<Facts>[], facts: Facts): Verdict | undefined {
  for (const { name, judge } of rules) {
    const reply = judge(facts);
    if (reply) return { rule: name, reply };
  }
  return undefined;
}

/** A rule from a condition and a reply, for the many that are just that. */
export function rule<Facts>(name: string, when: (facts: Facts) => boolean, reply: (facts: Facts) => ProviderReply): Rule<Facts> {
  return { name, judge: (facts) => (when(facts) ? reply(facts) : undefined) };
}
