/**
 * The simulated internet in one object: name server, providers, weather, the host outside. Our own server is put beside
 * it by the composition root; the lab knows it only by its addresses, its records and what it sends.
 *
 * Nothing here listens or connects outside 127.0.0.0/8: listeners are on addresses of the plan, connections go through
 * the connector with `insideLab`.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { AdjustableClock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createClientName } from '../verify/iprev/client-name.ts';
import { createConnector } from '../net/connector.ts';
import { createResolver, type Resolver } from '../net/resolver.ts';
import type { TsigKey } from '../wire/dns/tsig.ts';
import type { CertificateAndKey } from '../net/self-signed.ts';
import { addressPlan, insideLab, type AddressPlan } from './address-plan.ts';
import { openAuthority, type LabAuthority } from './authority.ts';
import { internetZones, type ServerHost } from './dns/internet.ts';
import { RecordOverrides, type RecordOverride } from './dns/overrides.ts';
import type { DnsFault, DnsQuestion } from './dns/responder.ts';
import { startDnsServer, type DnsServer } from './dns/server.ts';
import { SignedMessages, type PublishedSet } from './dns/signed.ts';
import type { ZoneRecord } from './dns/zone-record.ts';
import { Zones } from './dns/zones.ts';
import { complain, type Complaint, type FeedbackLoopOptions } from './feedback-loop.ts';
import { OUTSIDE_HOST } from './outside/domains.ts';
import { createOutsideHost, type DeliverResult, type OutsideHost } from './outside/outside.ts';
import { startPolicyHost, type PolicyHost } from './policy-host.ts';
import { PROVIDERS } from './providers/catalogue.ts';
import { Counters, type DayCounts } from './providers/counters.ts';
import { Greylist } from './providers/greylist.ts';
import { LAB_SEED_PASSWORD, startImapDoor, type ImapDoor } from './providers/imap-door.ts';
import { ProviderMailbox, type InboxMessage } from './providers/mailbox.ts';
import { outsideSite } from './providers/outside-site.ts';
import type { ProviderProfile } from './providers/profile.ts';
import { startProvider, type RunningProvider } from './providers/provider.ts';
import type { SuccessWanted } from './providers/receiver.ts';
import { greetingOf } from './greeting.ts';
import { registryPage, REGISTRY_NAMES, type RegistryFacts } from './registries.ts';
import { publishedPolicy } from './published-policy.ts';
import { Weather, type ScenarioName, type ScenarioState } from './scenarios.ts';
import { sendSuccessNotice } from './success-notice.ts';

export interface LabOptions {
  /** `127.N.0.0`; everything lives in 127.N.0.0/24. */
  readonly loopback: string;
  /** Mail port is portBase + 25, DNS portBase + 53, the web server of MTA-STS policies portBase + 443. */
  readonly portBase: number;
  /** Created when missing: CA, and the providers' mail. */
  readonly dir: string;
  readonly clock: AdjustableClock;
  readonly log: Log;
  readonly serverHost: ServerHost;
  /** A router between our server and the rest: what comes from `inside` is seen as from `outside`. Default: none. */
  readonly router?: { readonly inside: string; readonly outside: string };
  /** Who has it may change our zones by dynamic updates. Default: nobody may. */
  readonly dnsKey?: TsigKey;
  /** What our server's domains publish; asked at start, on refreshRecords and when the weather changes. */
  readonly ourRecords: () => Promise<readonly ZoneRecord[]>;
}

export interface LabProvider {
  readonly name: string;
  readonly domains: readonly string[];
  readonly mx: { readonly host: string; readonly address: string; readonly port: number };
  /** Its mailboxes, in the clear: any address of its domains, this password. */
  readonly imap: { readonly host: string; readonly port: number; readonly password: string };
}

export interface Lab {
  /** Rejects when an address is taken; what had been started is stopped again. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly dns: { readonly host: string; readonly port: number };
  readonly providers: readonly LabProvider[];
  /** PEM file of the lab's CA; there after start or the first issueCertificate. */
  readonly ca: string;
  readonly outsideKinds: OutsideHost['kinds'];
  readonly clock: AdjustableClock;
  /** Key and certificate below the lab's CA, for our server. Works before start. */
  issueCertificate(names: readonly string[]): Promise<CertificateAndKey>;
  /** Newest last; `provider` is a name or one of its domains. Failure `unknown-provider`. */
  inbox(provider: string, address?: string): readonly InboxMessage[];
  /** Failure `unknown-message`. */
  raw(provider: string, id: string): Promise<Buffer>;
  /** Without a name: the list as it is. Takes effect when it resolves. Failure `unknown-scenario`. */
  scenario(name?: string, state?: 'on' | 'off', providers?: readonly string[]): Promise<readonly ScenarioState[]>;
  deliver(as: string, to: string): Promise<readonly DeliverResult[]>;
  /** Lets the host outside send this message as it is. */
  deliverFile(content: Buffer, from: string, to: string): Promise<readonly DeliverResult[]>;
  complain(provider: string, id: string): Promise<Complaint>;
  counters(provider?: string): readonly DayCounts[];
  advanceClock(byMs: number): Promise<void>;
  /** What names publish instead of what they should; takes effect when it resolves. Failure `bad-record`. */
  overrideRecord(name: string, type: string, values: readonly string[]): Promise<readonly RecordOverride[]>;
  /** Without a name: all. */
  restoreRecords(name?: string, type?: string): Promise<readonly RecordOverride[]>;
  recordOverrides(): readonly RecordOverride[];
  /** Reads ourRecords again. */
  refreshRecords(): Promise<void>;
}

function keyDigest(certificatePem: string): string {
  return createHash('sha256').update(new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
}

/** Providers keep their zones to themselves. */
function isOurZone(zone: string): boolean {
  return !PROVIDERS.some(({ domains, mxHost }) => domains.includes(zone) || mxHost === zone || mxHost.endsWith(`.${zone}`));
}

export function createLab(options: LabOptions): Lab {
  return new SimulatedInternet(options);
}

class SimulatedInternet implements Lab {
  readonly dns: { readonly host: string; readonly port: number };
  readonly providers: readonly LabProvider[];
  readonly ca: string;
  readonly clock: AdjustableClock;
  readonly #options: LabOptions;
  readonly #plan: AddressPlan;
  readonly #zones = new Zones();
  readonly #overrides = new RecordOverrides();
  readonly #weather: Weather;
  readonly #counters: Counters;
  readonly #outside: OutsideHost;
  readonly #connector;
  readonly #running = new Map<string, RunningProvider>();
  readonly #keyDigests = new Map<string, readonly string[]>();
  #servers: (DnsServer | PolicyHost | ImapDoor)[] = [];
  #resolver: Resolver | undefined;
  #authority: Promise<LabAuthority> | undefined;

  constructor(options: LabOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#plan = addressPlan(options.loopback, options.portBase);
    this.dns = { host: this.#plan.server, port: this.#plan.dnsPort };
    this.ca = join(options.dir, 'ca.pem');
    this.providers = PROVIDERS.map((profile, index) => ({
      name: profile.name,
      domains: profile.domains,
      mx: { host: profile.mxHost, address: this.#plan.provider(index), port: this.#plan.mailPort },
      imap: { host: this.#plan.provider(index), port: this.#plan.imapPort, password: LAB_SEED_PASSWORD },
    }));
    this.#weather = new Weather();
    this.#counters = new Counters(options.clock);
    this.#connector = createConnector({ clock: options.clock, allow: insideLab });
    this.#outside = createOutsideHost({ address: this.#plan.outside, target: this.#target, connector: this.#connector, clock: options.clock });
  }

  get outsideKinds(): OutsideHost['kinds'] {
    return this.#outside.kinds;
  }

  get #target(): { address: string; port: number } {
    return { address: this.#options.serverHost.mxAddress, port: this.#plan.mailPort };
  }

  async start(): Promise<void> {
    try {
      await this.refreshRecords();
      await this.#startDns();
      await this.#startPolicyHost();
      const sites = [...PROVIDERS.map((profile, index) => ({ profile, address: this.#plan.provider(index) })), { profile: outsideSite, address: this.#plan.outside }];
      for (const { profile, address } of sites) await this.#startSite(profile, address);
      await this.refreshRecords();
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#options.log.info('lab.started', { dns: `${this.dns.host}:${this.dns.port}`, providers: this.providers.length });
  }

  async stop(): Promise<void> {
    this.#resolver?.close();
    const stopping = [...this.#running.values(), ...this.#servers].map((each) => each.stop());
    this.#running.clear();
    this.#servers = [];
    await Promise.all(stopping);
  }

  async issueCertificate(names: readonly string[]): Promise<CertificateAndKey> {
    return (await this.#openAuthority()).issue(names);
  }

  inbox(provider: string, address?: string): readonly InboxMessage[] {
    return this.#provider(provider).receiver.mailbox.list(address);
  }

  async raw(provider: string, id: string): Promise<Buffer> {
    const raw = await this.#provider(provider).receiver.mailbox.raw(id);
    if (!raw) throw new Failure('unknown-message', `${provider} has no message "${id}"; posthorn lab inbox ${provider} lists them`, { temporary: false });
    return raw;
  }

  async scenario(name?: string, state: 'on' | 'off' = 'on', providers: readonly string[] = []): Promise<readonly ScenarioState[]> {
    if (name !== undefined) {
      this.#weather.set(name, state === 'on', providers.map((each) => this.#provider(each).receiver.profile.name));
      await this.refreshRecords();
    }
    return this.#weather.list();
  }

  deliver(as: string, to: string): Promise<readonly DeliverResult[]> {
    return this.#outside.deliver(as, to);
  }

  async deliverFile(content: Buffer, from: string, to: string): Promise<readonly DeliverResult[]> {
    return [await this.#outside.deliverFile(content, from, to)];
  }

  async complain(provider: string, id: string): Promise<Complaint> {
    const site = this.#provider(provider);
    const message = site.receiver.mailbox.get(id);
    if (!message) throw new Failure('unknown-message', `${provider} has no message "${id}"; posthorn lab inbox ${provider} lists them`, { temporary: false });
    return complain(this.#towardsUs, site, message);
  }

  counters(provider?: string): readonly DayCounts[] {
    return this.#counters.list(provider === undefined ? undefined : this.#provider(provider).receiver.profile.name);
  }

  async advanceClock(byMs: number): Promise<void> {
    await this.clock.pass(byMs);
  }

  async overrideRecord(name: string, type: string, values: readonly string[]): Promise<readonly RecordOverride[]> {
    this.#overrides.set(name, type, values);
    await this.refreshRecords();
    return this.#overrides.list();
  }

  async restoreRecords(name?: string, type?: string): Promise<readonly RecordOverride[]> {
    this.#overrides.restore(name, type);
    await this.refreshRecords();
    return this.#overrides.list();
  }

  recordOverrides(): readonly RecordOverride[] {
    return this.#overrides.list();
  }

  async refreshRecords(): Promise<void> {
    const ourRecords = await this.#options.ourRecords();
    this.#zones.load(
      this.#overrides.apply(internetZones({
        plan: this.#plan,
        providers: PROVIDERS,
        serverHost: this.#options.serverHost,
        ourRecords,
        outsideRecords: this.#outside.records,
        outsideName: OUTSIDE_HOST,
        strangerKey: this.#outside.publicKey,
        weather: this.#weather,
        keyDigests: this.#keyDigests,
      })),
      this.#plan.server,
    );
    this.#resolver?.flush();
  }

  async #publish(sets: readonly PublishedSet[]): Promise<void> {
    for (const { name, type, values } of sets) this.#overrides.set(name, type, values);
    await this.refreshRecords();
  }

  async #startDns(): Promise<void> {
    const common = { port: this.#plan.dnsPort, zones: this.#zones, clock: this.clock, log: this.#options.log };
    const { dnsKey: key } = this.#options;
    const signed = key && new SignedMessages({ key, zones: this.#zones, clock: this.clock, mayUpdate: isOurZone, publish: (sets) => this.#publish(sets) });
    this.#servers.push(await startDnsServer({ ...common, ...(signed && { signed }), host: this.#plan.server, fault: (question) => this.#faultForUs(question) }));
    this.#servers.push(await startDnsServer({ ...common, host: this.#plan.innerDns, fault: (question) => this.#faultForAll(question) }));
    this.#resolver = createResolver({
      servers: [{ address: this.#plan.innerDns, port: this.#plan.dnsPort }],
      trustAd: true,
      clock: this.clock,
      log: this.#options.log,
    });
  }

  #faultForUs(question: DnsQuestion): DnsFault {
    if (this.#weather.active('dns-down')) return 'drop';
    if (this.#weather.active('dns-servfail')) return 'servfail';
    if (this.#weather.active('dns-slow')) return 'slow';
    if (this.#weather.active('dns-truncated')) return 'truncate';
    return this.#faultForAll(question);
  }

  /** The failing zone is that of our host's domain. */
  #faultForAll(question: DnsQuestion): DnsFault {
    if (!question.checkingDisabled && this.#overrides.isBogus(question.name)) return 'servfail';
    const apex = this.#options.serverHost.hostname.split('.').slice(-2).join('.');
    const name = question.name.toLowerCase();
    return this.#weather.active('zone-servfail') && (name === apex || name.endsWith(`.${apex}`)) ? 'servfail' : 'none';
  }

  async #startSite(profile: ProviderProfile, address: string): Promise<void> {
    const { clock, log, dir } = this.#options;
    const authority = await this.#openAuthority();
    const dns = this.#resolver as Resolver;
    const context = (expired: boolean, names = [profile.mxHost, ...profile.domains]) => {
      const { certificatePem, keyPem } = authority.issue(names, { expired });
      this.#keyDigests.set(profile.name, [...(this.#keyDigests.get(profile.name) ?? []), keyDigest(certificatePem)]);
      return createSecureContext({ cert: certificatePem, key: keyPem });
    };
    const mailbox = new ProviderMailbox(join(dir, 'providers'), profile.name);
    await mailbox.open();
    const site: RunningProvider = await startProvider(
      {
        profile,
        dns,
        clientName: createClientName(dns, { clock }),
        clock,
        log,
        weather: (name: ScenarioName) => this.#weather.active(name, profile.name),
        counters: this.#counters,
        greylist: new Greylist(clock),
        mailbox,
        tls: { good: context(false), expired: context(true), stranger: context(false, ['another.host.example']) },
        stored: (message) => this.#afterStored(profile, message),
        successWanted: (wanted) => this.#tellSuccess(site, wanted),
      },
      address,
      this.#plan.mailPort,
      (from) => (from === this.#options.router?.inside ? this.#options.router.outside : from),
    );
    this.#running.set(profile.name, site);
    const { mxHost, domains } = profile;
    this.#servers.push(await startImapDoor({ address, port: this.#plan.imapPort, mxHost, domains, mailbox }));
  }

  async #startPolicyHost(): Promise<void> {
    const domains = new Map(PROVIDERS.flatMap((profile) => (profile.mtaSts ? profile.domains.map((domain) => [domain, profile] as const) : [])));
    const policy = (domain: string): string | undefined => {
      const profile = domains.get(domain);
      return profile && publishedPolicy(profile, this.#weather);
    };
    const authority = await this.#openAuthority();
    this.#servers.push(await startPolicyHost({ address: this.#plan.policyHost, port: this.#plan.policyPort, authority, domains: [...domains.keys()], policy, services: { names: REGISTRY_NAMES, page: (host, path) => registryPage(host, path, this.#registryFacts) } }));
  }

  get #registryFacts(): RegistryFacts {
    return { weather: this.#weather, now: this.clock.now(), serverAddress: this.#options.serverHost.mxAddress, greeting: () => greetingOf(this.#connector, this.#target) };
  }

  #afterStored(profile: ProviderProfile, message: InboxMessage): void {
    if (message.folder !== 'inbox' || !this.#weather.active('complaints', profile.name)) return;
    this.complain(profile.name, message.id).catch((error: unknown) => {
      this.#options.log.warn('lab.complaint-failed', { provider: profile.name, id: message.id, error: String(error) });
    });
  }

  get #towardsUs(): FeedbackLoopOptions {
    return { connector: this.#connector, clock: this.clock, target: this.#target };
  }

  #tellSuccess(site: RunningProvider, wanted: SuccessWanted): void {
    sendSuccessNotice(this.#towardsUs, site, wanted).catch((error: unknown) => {
      this.#options.log.warn('lab.notice-failed', { provider: site.receiver.profile.name, id: wanted.message.id, error: String(error) });
    });
  }

  #openAuthority(): Promise<LabAuthority> {
    this.#authority ??= openAuthority(this.#options.dir);
    return this.#authority;
  }

  #provider(name: string): RunningProvider {
    const wanted = name.toLowerCase();
    for (const site of this.#running.values()) {
      const { profile } = site.receiver;
      if (profile.name === wanted || profile.domains.includes(wanted)) return site;
    }
    const known = [...this.#running.keys()].join(', ');
    throw new Failure('unknown-provider', `the lab has no provider "${name}"; it has ${known === '' ? 'none running' : known}`, { temporary: false });
  }
}
