/**
 * The weather of the lab: conditions that can be switched on and off while it runs, for all providers or for some.
 *
 * Each scenario is a cause, not a reply: `no-ptr` takes the PTR record away, and the providers then answer as their
 * rules say. `expect` tells which replies that brings, for people and for tests.
 */
import { Failure } from '../base/errors.ts';

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** What the sender will see. */
  readonly expect: string;
}

export const SCENARIOS = [
  { name: 'no-ptr', description: 'our sending address has no PTR record', expect: 'Gmail 550 5.7.25, Outlook 550 DY-001, Yahoo 553 5.7.1 for reverse DNS, GMX 554 at the banner, T-Online 554, Apple 550 5.7.1 [CS01], example.net 450 4.7.25' },
  { name: 'dynamic-ptr', description: 'the PTR name of our sending address looks like that of a home line', expect: 'Outlook 550 DY-001, GMX 554 at the banner; elsewhere delivered' },
  { name: 'listed-ip', description: 'our sending address is on Spamhaus, Barracuda and SpamCop', expect: 'Gmail 550 5.7.1 low reputation, Outlook 550 5.7.1 S3150, Yahoo 553 5.7.1 [BL21], GMX 554 at the banner, Apple 550 5.7.1 [CS01], T-Online 554, example.net 554 5.7.1' },
  { name: 'listed-css', description: 'our sending address is on the Spamhaus list of snowshoe senders (CSS)', expect: 'Outlook 550 OU-001; elsewhere as listed-ip' },
  { name: 'listed-pbl', description: 'our sending address is on the Spamhaus list of home lines (PBL)', expect: 'Outlook 550 DY-001; elsewhere as listed-ip' },
  { name: 'infected-host', description: 'our sending address is on the Spamhaus list of infected and misused machines (XBL)', expect: 'Outlook 550 DY-002, Yahoo 553 5.7.1 [BL23]; elsewhere as listed-ip' },
  { name: 'blocked-ip', description: 'providers have our sending address on lists of their own', expect: 'Gmail 550 5.7.1 low reputation, Outlook 550 5.7.1 S3140, Yahoo 553 5.7.2 [TSS11], Apple 550 5.7.1 [CS01], GMX and T-Online 554 at the banner' },
  { name: 'banned-ip', description: 'our sending address is banned for good', expect: 'Outlook 550 5.7.606, Yahoo 421 4.7.1 [TS03]' },
  { name: 'banned-sender', description: 'Microsoft has banned our sender', expect: 'Outlook 550 5.7.511' },
  { name: 'recipient-block', description: 'the organization of the recipient blocks us', expect: 'Outlook 550 5.7.513' },
  { name: 'open-relay', description: 'our sending address is believed to be an open relay', expect: 'Outlook 550 SC-003' },
  { name: 'namespace-mining', description: 'Outlook takes three unknown recipients a day for guessing, instead of a hundred', expect: 'Outlook 550 SC-002 after the third' },
  { name: 'low-reputation', description: 'our sending address has a poor reputation but is on no list', expect: 'Gmail 421 4.7.0, Outlook 451 4.7.650, Yahoo 421 4.7.0 [TSS04], Apple 421 4.7.1; elsewhere spam folder' },
  { name: 'low-domain-reputation', description: 'our domain has a poor reputation', expect: 'Gmail 550 5.7.1 low reputation of the domain, Outlook 550 OU-002; elsewhere spam folder' },
  { name: 'new-ip', description: 'nobody knows our sending address yet', expect: 'Outlook 451 4.7.850, Apple 451 4.7.1 [BS02], T-Online 554 (NOWL)' },
  { name: 'volume-jump', description: 'the amount of mail from our sending address has jumped', expect: 'Gmail 421 4.7.28, Outlook 451 4.7.500, Yahoo 421 4.7.0 [IPTS04], Apple 421 4.7.1 [HCM1]' },
  { name: 'unknown-ip', description: 'T-Online has never heard of our sending address', expect: 'T-Online 554 None/bad reputation (NOWL)' },
  { name: 'spf-missing', description: 'our domain publishes no SPF record', expect: 'delivered while DKIM passes; with bulk-sender Gmail 550 5.7.27, Outlook 550 5.7.515' },
  { name: 'spf-fail', description: 'our SPF record is "v=spf1 -all"', expect: 'GMX 550 SPF; others deliver while DKIM passes, with bulk-sender Gmail 550 5.7.27' },
  { name: 'dkim-broken', description: 'the published DKIM keys do not fit our private keys', expect: 'GMX 554; others deliver while SPF passes; with bulk-sender Gmail 550 5.7.30' },
  { name: 'dkim-missing', description: 'no DKIM key is published for our domain', expect: 'as dkim-broken' },
  { name: 'unauthenticated', description: 'neither SPF nor DKIM of our domain can pass, DMARC asks for nothing', expect: 'Gmail 550 5.7.26, Yahoo 550 5.7.9, Apple 554 5.7.1 [HME1], GMX 554; Outlook, T-Online and example.net: spam folder' },
  { name: 'dmarc-reject', description: 'our DMARC policy is p=reject, and neither SPF nor DKIM can pass', expect: 'Gmail 550 5.7.26, Outlook 550 5.7.509, Yahoo 554 5.7.9, Apple 554 5.7.1, GMX 554, T-Online and example.net 550' },
  { name: 'dmarc-missing', description: 'our domain publishes no DMARC record', expect: 'delivered; with bulk-sender Gmail 550 5.7.40, Outlook 550 5.7.515' },
  { name: 'bulk-sender', description: 'providers count us as a bulk sender, as after 5,000 messages in a day', expect: 'nothing while SPF, DKIM, DMARC and TLS are right and one-click unsubscription is offered; without it GMX 554, elsewhere spam folder' },
  { name: 'bulk-lenient', description: 'Gmail answers the faults of bulk senders with temporary refusals, as it does to a part of the mail', expect: 'with bulk-sender Gmail 421 4.7.27, 4.7.29, 4.7.30, 4.7.31 instead of 550 5.7.x' },
  { name: 'rate-limit', description: 'providers allow only 5 messages a minute from one address', expect: 'Gmail 421 4.7.28, Outlook 421 RP-001, Yahoo 421 4.7.0 [TSS04], Apple 421 4.7.1, GMX 450, T-Online 421, example.net 450 4.7.1' },
  { name: 'rate-limit-netblock', description: 'Gmail allows only 5 messages a minute from our network', expect: 'Gmail 421 4.7.28 naming the netblock' },
  { name: 'rate-limit-dkim', description: 'Gmail allows only 5 messages a minute signed by one domain', expect: 'Gmail 421 4.7.28 naming the DKIM domain' },
  { name: 'rate-limit-spf', description: 'Gmail allows only 5 messages a minute from one envelope domain', expect: 'Gmail 421 4.7.28 naming the SPF domain' },
  { name: 'rate-limit-url', description: 'Gmail allows only 5 messages a minute with links to one domain', expect: 'Gmail 421 4.7.28 naming the URL domain' },
  { name: 'connection-rate', description: 'Outlook allows only 5 connections a minute from one address', expect: 'Outlook 421 RP-002' },
  { name: 'connection-limit', description: 'only one connection at a time is allowed from one address', expect: 'for the second Outlook 421 RP-003, Gmail and example.net 421 4.7.0' },
  { name: 'recipient-rate', description: 'every mailbox gets mail faster than its provider allows', expect: 'Gmail 450 4.2.1; elsewhere 450 or 451' },
  { name: 'greylist', description: 'the first attempt of each address, sender and recipient is deferred for 5 minutes', expect: '451 4.7.1 Greylisted (GMX without an enhanced code)' },
  { name: 'over-quota', description: 'every mailbox is full', expect: '452 4.2.2 or 552 5.2.2' },
  { name: 'unknown-user', description: 'no recipient exists', expect: '550 5.1.1 and its local forms' },
  { name: 'complaints', description: 'every message that reaches an inbox is reported as spam by its reader', expect: 'an ARF report per message from providers with a feedback loop; the spam rate rises everywhere' },
  { name: 'spam-rate', description: 'two of a hundred of our messages in inboxes were reported as spam', expect: 'Gmail 421 4.7.28 naming the DKIM domain, Outlook 550 SC-004, Yahoo 553 5.7.2 [TSS09]; elsewhere delivered' },
  { name: 'spam-content', description: 'the filters of the providers take every message for spam', expect: 'Gmail 550 5.7.1, Outlook 550 SC-001, Yahoo 554 5.7.9, Apple 550 5.7.1 [CS01], GMX 554, T-Online 554 5.7.0, example.net 550 5.7.1' },
  { name: 'sender-domain-missing', description: 'our domain has neither MX nor address records', expect: 'Yahoo 451, Apple and example.net 450 4.1.8, GMX 550, T-Online 550 5.1.8; Gmail and Outlook deliver' },
  { name: 'slow-mx', description: 'each reply takes 3 seconds', expect: 'delivered late' },
  { name: 'banner-delay', description: 'the greeting takes 20 seconds', expect: 'delivered late' },
  { name: 'blackhole-mx', description: 'connections are accepted and nothing is ever said', expect: 'time-out while waiting for the greeting' },
  { name: 'refused-mx', description: 'connections are reset at once', expect: 'connection lost before the greeting' },
  { name: 'busy-mx', description: 'the greeting is 421', expect: '421 4.3.2 Service not available' },
  { name: 'mx-null', description: 'the domain publishes a null MX (RFC 7505)', expect: 'bounced with 556 5.1.10, no connection' },
  { name: 'mx-missing', description: 'the domain has neither MX nor address records', expect: 'undeliverable: no mail server' },
  { name: 'no-tls', description: 'STARTTLS is not offered', expect: 'delivered in the clear; Gmail (our profile of it; else, with bulk-sender, its 550 5.7.29), GMX and T-Online (DANE) and example.net (MTA-STS) deferred 4.7.4' },
  { name: 'tls-broken', description: 'STARTTLS is offered, and the handshake fails', expect: 'delivered in the clear on the next connection; Gmail (our profile of it), GMX, T-Online (DANE) and example.net (MTA-STS) deferred 4.7.5' },
  { name: 'tls-expired', description: 'the certificates expired yesterday', expect: 'delivered where TLS is opportunistic, and where DANE names the key (GMX, T-Online); example.net (MTA-STS) deferred 4.7.5' },
  { name: 'tls-stall', description: 'STARTTLS is accepted, and the handshake never goes on', expect: 'delivered in the clear after a minute; Gmail (our profile of it), GMX, T-Online (DANE) and example.net (MTA-STS) deferred 4.7.5' },
  { name: 'dane-mismatch', description: 'the TLSA records name keys that the servers do not have', expect: 'GMX and T-Online deferred 4.7.5; the others publish none' },
  { name: 'mta-sts-enforce', description: 'the servers show a certificate of another host', expect: 'example.net, which enforces MTA-STS, deferred 4.7.5; delivered where TLS is opportunistic, and where DANE names the key' },
  { name: 'mta-sts-mx-mismatch', description: 'the MTA-STS policies name another mail server than the MX records', expect: 'example.net deferred 4.7.5 without a connection; the others publish none' },
  { name: 'drop-after-data', description: 'the connection breaks after the final dot; the message was not kept', expect: 'deferred: connection lost, tried again' },
  { name: 'reply-lost', description: 'the message is kept, but the connection breaks before the reply', expect: 'deferred and tried again: the recipient gets it twice' },
  { name: 'full-disk', description: 'providers cannot store anything', expect: '452 4.3.1 Insufficient system storage' },
  { name: 'young-domain', description: 'our domain was registered three days ago', expect: 'nothing of the providers; posthorn doctor: domain-age' },
  { name: 'route-invalid', description: 'our network is announced by somebody who may not (RPKI)', expect: 'nothing of the providers; posthorn doctor: route-origin' },
  { name: 'unsafe-site', description: 'browsers warn of our web site', expect: 'nothing of the providers; posthorn doctor, with a key of Safe Browsing: safe-browsing' },
  { name: 'firewall', description: 'nobody outside reaches our port 25', expect: 'nothing of the providers; posthorn doctor: port-25-in' },
  { name: 'dns-down', description: 'the name server that our server asks does not answer', expect: 'deferred 4.4.3; inbound mail answered 4xx where an answer is needed' },
  { name: 'dns-servfail', description: 'the name server that our server asks answers SERVFAIL', expect: 'as dns-down, at once' },
  { name: 'dns-slow', description: 'the name server that our server asks takes 3 seconds', expect: 'delivered late' },
  { name: 'dns-truncated', description: 'the name server truncates every UDP answer', expect: 'delivered, over TCP' },
  { name: 'zone-servfail', description: 'the name servers of our own domain fail for everybody', expect: 'Gmail 421 4.7.26 or 451 4.7.23; elsewhere 4xx' },
] as const satisfies readonly Scenario[];

export type ScenarioName = (typeof SCENARIOS)[number]['name'];

export interface ScenarioState extends Scenario {
  readonly state: 'on' | 'off';
  /** Limited to these providers; absent means all. */
  readonly providers?: readonly string[];
}

export class Weather {
  readonly #active = new Map<ScenarioName, ReadonlySet<string> | undefined>();
  readonly #changed: () => void;

  /** `changed` is called after each change. */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** Failure `unknown-scenario` for a name that is not on the list. `providers` names limit it; default all. */
  set(name: string, on: boolean, providers: readonly string[] = []): void {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (!scenario) {
      throw new Failure('unknown-scenario', `there is no scenario "${name}"; there are ${SCENARIOS.map((each) => each.name).join(', ')}`, { temporary: false });
    }
    if (on) this.#active.set(scenario.name, providers.length > 0 ? new Set(providers) : undefined);
    else this.#active.delete(scenario.name);
    this.#changed();
  }

  /** Without a provider: whether it is on for anyone. */
  active(name: ScenarioName, provider?: string): boolean {
    if (!this.#active.has(name)) return false;
    const only = this.#active.get(name);
    return provider === undefined || only === undefined || only.has(provider);
  }

  /** Every scenario with its state, in the order of the catalogue. */
  list(): readonly ScenarioState[] {
    return SCENARIOS.map((scenario) => {
      const only = this.#active.get(scenario.name);
      return { ...scenario, state: this.#active.has(scenario.name) ? 'on' : 'off', ...(only ? { providers: [...only] } : {}) };
    });
  }
}
