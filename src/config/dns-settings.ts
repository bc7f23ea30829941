/**
 * The parts of [dns] about publishing: the providers that host our zones, and the policy that records are made from.
 *
 * Secrets are in files, never here. Which settings a type of provider needs and uses is the table PROVIDER_SETTINGS; the
 * adapters themselves are in publish/providers/.
 */
import { z } from 'zod';
import { DEFAULT_DNS_POLICY, type DnsPolicyConfig, type DnsProviderConfig } from './dns-config.ts';
import { DNS_POLICY_VALUES } from './dns-policy-values.ts';
import { optional, required, setting, table } from './setting.ts';
import * as value from './values.ts';

interface ProviderSettings {
  readonly needs: readonly string[];
  readonly uses: readonly string[];
}

/** By the type of provider. `needs` are among those it uses. */
export const PROVIDER_SETTINGS = {
  rfc2136: { needs: ['server', 'key-name', 'secret-file'], uses: ['key-algorithm'] },
  powerdns: { needs: ['url', 'secret-file'], uses: ['server-id'] },
  cloudflare: { needs: ['secret-file'], uses: ['url'] },
  route53: { needs: ['access-key-id', 'secret-file'], uses: ['url'] },
  hetzner: { needs: ['secret-file'], uses: ['url'] },
  digitalocean: { needs: ['secret-file'], uses: ['url'] },
  linode: { needs: ['secret-file'], uses: ['url'] },
  ovh: { needs: ['application-key', 'secret-file', 'consumer-key-file'], uses: ['url'] },
  gandi: { needs: ['secret-file'], uses: ['url'] },
  desec: { needs: ['secret-file'], uses: ['url'] },
} as const satisfies Readonly<Record<string, ProviderSettings>>;

type ProviderType = keyof typeof PROVIDER_SETTINGS;
const TYPES = Object.keys(PROVIDER_SETTINGS) as [ProviderType, ...ProviderType[]];

/** Settings that hold paths. */
const PATHS = new Set(['secret-file', 'consumer-key-file']);

const provider = z.strictObject(
  {
    type: required(value.choice(...TYPES), 'Who hosts the zones: rfc2136 is any name server that takes dynamic updates (BIND, Knot, PowerDNS, Windows).'),
    label: optional(value.plainText(), 'What `posthorn dns` calls it.', 'its type'),
    zones: setting(value.listOf(value.hostname()), 'Zones to change there; empty: all that it lists. An rfc2136 server cannot list them, so it is then asked which zone holds a name.', []),
    'name-servers': setting(value.listOf(value.nameServer()), 'Asked after a change whether it has arrived, each as "address" or "address:port"; empty: those of the zone’s NS records.', []),
    server: optional(value.endpoint(), 'rfc2136: address and port of the primary name server.', 'needed with type "rfc2136"'),
    'key-name': optional(value.hostname(), 'rfc2136: name of the TSIG key, as the name server has it.', 'needed with type "rfc2136"'),
    'key-algorithm': optional(value.choice('hmac-sha256', 'hmac-sha384', 'hmac-sha512', 'hmac-sha224', 'hmac-sha1'), 'rfc2136: algorithm of the TSIG key.', '"hmac-sha256"'),
    'secret-file': optional(value.path(), 'File with the TSIG secret (base64), the API key or the token, mode 0600.', 'needed'),
    url: optional(value.plainText(), 'powerdns: address of its web server, such as "http://127.0.0.1:8081". Others: address of the API, when it is not the usual one.', 'that of the provider; needed with type "powerdns"'),
    'server-id': optional(value.plainText(), 'powerdns: name of the server in the API.', '"localhost"'),
    'access-key-id': optional(value.plainText(), 'route53: the access key whose secret is in secret-file.', 'needed with type "route53"'),
    'application-key': optional(value.plainText(), 'ovh: the application whose secret is in secret-file.', 'needed with type "ovh"'),
    'consumer-key-file': optional(value.path(), 'ovh: file with the consumer key, mode 0600.', 'needed with type "ovh"'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

export const dnsProviders = setting(
  z.array(provider, { error: () => 'tables written as [[dns.provider]]' }),
  'Where the zones of our domains are hosted, for `posthorn dns apply`; of several that host a name, the one with the longest zone is used.',
  [],
);

const seconds = DEFAULT_DNS_POLICY.ttlSeconds;

export const dnsPolicy = table('What every domain publishes, unless it has a policy of its own (`posthorn dns policy`). A change here changes nothing that is published until `posthorn dns apply`.', {
  ttl: setting(value.duration({ minMs: 30_000 }), 'How long others may keep a record.', `${seconds / 3600}h`),
  'spf-all': setting(value.choice('~all', '-all', '?all'), 'The end of SPF: ~all leaves the decision to DMARC, -all lets some receivers refuse before they look at DKIM.', DEFAULT_DNS_POLICY.spfAll),
  dmarc: setting(value.choice('none', 'quarantine', 'reject'), 'What DMARC asks of receivers; a stricter policy that is published already stays.', DEFAULT_DNS_POLICY.dmarcPolicy),
  'dmarc-reports': setting(value.listOf(value.recordText(DNS_POLICY_VALUES.dmarcReports)), 'Where DMARC reports go: mail addresses; %d is the domain. Empty: nowhere.', [...DEFAULT_DNS_POLICY.dmarcReports]),
  'tls-reports': setting(value.listOf(value.recordText(DNS_POLICY_VALUES.tlsReports)), 'Where TLS reports go: mail addresses or https addresses; %d is the domain. Empty: no record.', [...DEFAULT_DNS_POLICY.tlsReports]),
  'mta-sts': setting(value.choice('off', 'testing', 'enforce'), 'Publish that the domain has an MTA-STS policy, which has to be served at https://mta-sts.DOMAIN.', DEFAULT_DNS_POLICY.mtaSts),
  'caa-issuers': setting(value.listOf(value.recordText(DNS_POLICY_VALUES.caaIssuer)), 'Certificate authorities that may issue for the domain, such as "letsencrypt.org". Empty: no CAA records.', []),
  dane: setting(value.toggle(), 'Publish the certificate’s key (TLSA) for this host, when its zone is signed by DNSSEC.', DEFAULT_DNS_POLICY.dane),
  'client-setup': setting(value.toggle(), 'Publish what mail programs need to set themselves up (SRV, autoconfig, autodiscover).', DEFAULT_DNS_POLICY.clientSetup),
  'bimi-logo': optional(value.recordText(DNS_POLICY_VALUES.bimiLogo), 'Address of the logo (SVG, https://) for BIMI; %d is the domain.', 'no BIMI record'),
  'names-without-mail': setting(value.listOf(value.recordText(DNS_POLICY_VALUES.nameWithoutMail)), 'Names below every domain that never send or receive mail, such as "www": they publish that.', []),
});

type ProviderTable = z.output<typeof provider>;
export interface DnsPublishingTables {
  readonly provider: readonly ProviderTable[];
  readonly policy: z.output<typeof dnsPolicy>;
}

/** What is wrong together; paths are below `dns`. */
export function wrongDnsSettings({ provider: rows }: DnsPublishingTables): { readonly path: (string | number)[]; readonly allowed: string }[] {
  const labels = new Set<string>();
  return rows.flatMap((row, index) => {
    const facts: ProviderSettings = PROVIDER_SETTINGS[row.type];
    const place = (key: string): (string | number)[] => ['dns', 'provider', index, key];
    const known = new Set(['type', 'label', 'zones', 'name-servers', ...facts.needs, ...facts.uses]);
    const label = row.label ?? row.type;
    const taken = labels.has(label);
    labels.add(label);
    return [
      ...(taken ? [{ path: place('label'), allowed: `must be given and differ from the other providers: there is another called "${label}"` }] : []),
      ...facts.needs.filter((key) => row[key as keyof ProviderTable] === undefined).map((key) => ({ path: place('type'), allowed: `needs ${key} with type "${row.type}"` })),
      ...Object.keys(row).filter((key) => row[key as keyof ProviderTable] !== undefined && !known.has(key)).map((key) => ({ path: place(key), allowed: `is not used with type "${row.type}"` })),
    ];
  });
}

export function dnsProvidersOf(rows: readonly ProviderTable[], absolute: (path: string) => string): readonly DnsProviderConfig[] {
  return rows.map(({ type, label, zones, server, 'name-servers': nameServers, ...rest }) => {
    const texts = Object.entries(rest).flatMap(([key, text]) => (text === undefined ? [] : [[key, PATHS.has(key) ? absolute(text) : text] as const]));
    const where = server === undefined ? [] : [['server', server.address.includes(':') ? `[${server.address}]:${server.port}` : `${server.address}:${server.port}`] as const];
    return { type, label: label ?? type, zones, nameServers, settings: Object.fromEntries([...where, ...texts]) };
  });
}

export function dnsPolicyOf(policy: DnsPublishingTables['policy']): DnsPolicyConfig {
  return {
    ttlSeconds: Math.round(policy.ttl / 1000),
    spfAll: policy['spf-all'],
    dmarcPolicy: policy.dmarc,
    dmarcReports: policy['dmarc-reports'],
    tlsReports: policy['tls-reports'],
    mtaSts: policy['mta-sts'],
    caaIssuers: policy['caa-issuers'],
    dane: policy.dane,
    clientSetup: policy['client-setup'],
    bimiLogo: policy['bimi-logo'] ?? '',
    namesWithoutMail: policy['names-without-mail'],
  };
}
