/** What every session of one simulated provider shares. */
import type { SecureContext } from 'node:tls';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { IprevReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { ScenarioName } from '../scenarios.ts';
import type { Counters } from './counters.ts';
import type { Greylist } from './greylist.ts';
import type { InboxMessage, ProviderMailbox } from './mailbox.ts';
import type { ConnectFacts, ProviderProfile } from './profile.ts';
import { reverseIPv4 } from '../dns/blocklists.ts';

export interface Receiver {
  readonly profile: ProviderProfile;
  /** Asks the lab's DNS as the provider's own resolver: not touched by dns-down and its kind. */
  readonly dns: Dns;
  readonly clientName: (address: string) => Promise<IprevReport>;
  readonly clock: Clock;
  readonly log: Log;
  readonly weather: (name: ScenarioName) => boolean;
  readonly counters: Counters;
  readonly greylist: Greylist;
  readonly mailbox: ProviderMailbox;
  readonly tls: { readonly good: SecureContext; readonly expired: SecureContext; /** Names another host. */ readonly stranger: SecureContext };
  /** Called after a message is in a folder. */
  readonly stored: (message: InboxMessage) => void;
  /** Called after a message is in a folder whose sender wants to be told of it. */
  readonly successWanted: (wanted: SuccessWanted) => void;
}

export interface SuccessWanted {
  readonly message: InboxMessage;
  /** ENVID, decoded. */
  readonly envelopeId?: string;
  /** Those with NOTIFY=SUCCESS; with their ORCPT. */
  readonly recipients: readonly { readonly address: string; readonly originalRecipient?: string }[];
}

/** Messages a minute from one address (or other culprit) while a scenario limits it. */
export const RATE_LIMITED_PER_MINUTE = 5;

export async function connectFacts(receiver: Receiver, ip: string): Promise<ConnectFacts> {
  const { profile } = receiver;
  const [iprev, listed] = await Promise.all([receiver.clientName(ip), listings(receiver, ip)]);
  return {
    provider: profile,
    ip,
    iprev,
    listedIn: listed.map(({ zone }) => zone),
    listedAs: listed.flatMap(({ codes }) => codes),
    connections: receiver.counters.connections(profile.name, ip),
    weather: receiver.weather,
    rate: currentRate(receiver, ip),
    unknownRecipients: receiver.counters.refusedToday(profile.name, ip, 'unknown-user'),
  };
}

export function currentRate(receiver: Receiver, ip: string): ConnectFacts['rate'] {
  const { profile, counters, weather } = receiver;
  return { perMinute: counters.perMinute(profile.name, ip), allowed: weather('rate-limit') ? RATE_LIMITED_PER_MINUTE : profile.messagesPerMinuteMax };
}

/** RFC 5782 §2.1; a list that does not answer lists nobody. */
async function listings(receiver: Receiver, ip: string): Promise<readonly { zone: string; codes: readonly string[] }[]> {
  const answers = await Promise.all(
    receiver.profile.blocklists.map(async (zone) => {
      const answer = await receiver.dns.query(`${reverseIPv4(ip)}.${zone}`, 'A');
      const codes = answer.kind === 'found' ? answer.records.filter((address) => address.startsWith('127.0.0.')) : [];
      return codes.length > 0 ? [{ zone, codes }] : [];
    }),
  );
  return answers.flat();
}

/** Has the domain an MX or address record, RFC 5321 §5.1. A null MX (RFC 7505 §4.1) counts as none. */
export async function senderDomainState(dns: Dns, sender: string): Promise<'yes' | 'no' | 'unknown'> {
  if (sender === '') return 'yes';
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase();
  const exchange = await dns.query(domain, 'MX');
  if (exchange.kind === 'found') return exchange.records.some((record) => record.exchange !== '' && record.exchange !== '.') ? 'yes' : 'no';
  if (exchange.kind === 'failure') return 'unknown';
  if (exchange.kind === 'nxdomain') return 'no';
  const addresses = await Promise.all([dns.query(domain, 'A'), dns.query(domain, 'AAAA')]);
  if (addresses.some((answer) => answer.kind === 'found')) return 'yes';
  return addresses.some((answer) => answer.kind === 'failure') ? 'unknown' : 'no';
}
