/**
 * Reads posthorn.toml and gives the Config, or refuses it with every problem at once (ConfigError).
 *
 * Search order: the file named on the command line, POSTHORN_CONFIG, ./posthorn.toml, /etc/posthorn/posthorn.toml.
 * Relative paths inside are taken from the folder of the configuration itself, so that it works from everywhere.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import type { OauthSource } from '../base/oauth-source.ts';
import { normalizeDomain } from '../mail/address.ts';
import type { Config, ConfigWarning, SiteConfig, TlsRule } from './config.ts';
import { dashboardsOf } from './dashboard-settings.ts';
import { dnsPolicyOf, dnsProvidersOf } from './dns-settings.ts';
import { doctorConfigOf } from './doctor-settings.ts';
import { guardConfigOf } from './guard-settings.ts';
import { placementConfigOf } from './placement-settings.ts';
import { feedbackConfigOf } from './feedback-settings.ts';
import { httpConfigOf } from './http-settings.ts';
import { loginConfigOf } from './login-settings.ts';
import { ConfigError, type ConfigProblem } from './problem.ts';
import { checkRelations } from './relations.ts';
import { reportsConfigOf } from './reports-settings.ts';
import { configSchema, type ConfigTables, type RelayOauthTable } from './schema.ts';
import { bare, factsOf } from './setting.ts';
import { nearest } from './suggestion.ts';
import { readToml, type TomlSource } from './toml-source.ts';
import { mailboxConfigOf, retentionConfigOf } from './mailbox-settings.ts';
import { sieveConfigOf } from './sieve-settings.ts';

export const SYSTEM_CONFIG_FILE = '/etc/posthorn/posthorn.toml';
const CONFIG_BYTES_MAX = 1024 * 1024;

/** The file to read, or a Failure that says where it was looked for. */
export function findConfigFile(named: string | undefined, environment: NodeJS.ProcessEnv = process.env, cwd = process.cwd()): string {
  if (named !== undefined) return resolve(cwd, named);
  const fromEnvironment = environment['POSTHORN_CONFIG'];
  if (fromEnvironment) return resolve(cwd, fromEnvironment);
  const here = resolve(cwd, 'posthorn.toml');
  if (existsSync(here)) return here;
  if (existsSync(SYSTEM_CONFIG_FILE)) return SYSTEM_CONFIG_FILE;
  throw new Failure(
    'config-not-found',
    `no configuration found: name one with --config FILE or POSTHORN_CONFIG, or put it at ./posthorn.toml or ${SYSTEM_CONFIG_FILE} (posthorn quickstart writes one)`,
    { temporary: false },
  );
}

/** Throws ConfigError for a wrong configuration, Failure when the file cannot be read. */
export function loadConfig(file: string): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'permission denied' : String(code);
    throw new Failure('config-unreadable', `cannot read the configuration ${file}: ${why}`, { temporary: false, cause });
  }
  return parseConfig(text, file);
}

/** `file` names the source in messages and is where relative paths start from. Throws ConfigError. */
export function parseConfig(text: string, file: string): Config {
  if (text.length > CONFIG_BYTES_MAX) {
    throw new Failure('config-too-large', `${file} is larger than 1 MiB; that is no configuration`, { temporary: false });
  }
  const toml = readToml(text);
  if (toml.kind === 'malformed') {
    const { line, column, message } = toml;
    throw new ConfigError([{ kind: 'malformed', file, line, column, key: '', allowed: message }]);
  }
  const { source } = toml;
  const checked = configSchema.safeParse(source.value);
  if (!checked.success) {
    const problems = checked.error.issues.flatMap((issue) => problemsOf(issue, source, file));
    throw new ConfigError(problems.sort((a, b) => a.line - b.line || a.column - b.column));
  }
  const wrong = checkRelations(checked.data);
  if (wrong.length > 0) {
    throw new ConfigError(
      wrong.map(({ path, allowed }) => ({ kind: 'relation', file, ...source.place(path), key: dotted(path), allowed })),
    );
  }
  return toConfig(checked.data, file, warningsOf(source, file));
}

function problemsOf(issue: z.core.$ZodIssue, source: TomlSource, file: string): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key, source, file));
  const { line, column, written } = source.place(issue.path);
  const key = dotted(issue.path);
  const allowed = allowedFor(issue);
  if (valueAt(source.value, issue.path) === undefined) return [{ kind: 'missing', file, line, column, key, allowed }];
  return [{ kind: 'value', file, line, column, key, found: written, allowed }];
}

/** storage = "postgres://…" is a name of the contract, so it gets the whole truth instead of a list. */
function allowedFor(issue: z.core.$ZodIssue): string {
  if (issue.path[0] === 'storage') return '"sqlite" ("postgres://…" is not available in this version)';
  return issue.message;
}

function unknownKey(parent: readonly PropertyKey[], key: string, source: TomlSource, file: string): ConfigProblem {
  const path = [...parent, key];
  const { line, column, written } = source.place(path);
  const known = Object.keys(shapeAt(parent));
  const near = nearest(key, known) ?? elsewhere(key);
  return {
    kind: 'unknown',
    file,
    line,
    column,
    key: dotted(path),
    found: written,
    allowed: known.join(', '),
    ...(near !== undefined && { didYouMean: known.includes(near) ? dotted([...parent, near]) : near }),
  };
}

/** A key that is right but in the wrong table: often a setting written below a [table] header by mistake. */
function elsewhere(key: string): string | undefined {
  for (const [name, type] of Object.entries(configSchema.shape)) {
    if (name === key) return `${key} at the top of the file, above the first [table]`;
    const inner = bare(type as z.ZodType);
    if (inner instanceof z.ZodObject && key in inner.shape) return `${name}.${key}`;
  }
  return undefined;
}

function shapeAt(path: readonly PropertyKey[]): Readonly<Record<string, z.ZodType>> {
  let current: z.ZodType = configSchema;
  for (const step of path) {
    const inner = bare(current);
    if (inner instanceof z.ZodArray) current = inner.element as z.ZodType;
    else if (inner instanceof z.ZodObject) current = inner.shape[String(step)] as z.ZodType;
  }
  const object = bare(current);
  return object instanceof z.ZodObject ? (object.shape as Record<string, z.ZodType>) : {};
}

/** `outbound.ip[0].address`. */
function dotted(path: readonly PropertyKey[]): string {
  return path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at > 0 ? '.' : ''}${String(step)}`)).join('');
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (current, step) => (typeof current === 'object' && current !== null ? (current as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
}

/** Settings of coming versions that were used: they do nothing yet, and the log must say so. */
function warningsOf(source: TomlSource, file: string): ConfigWarning[] {
  const warnings: ConfigWarning[] = [];
  const walk = (type: z.ZodType, value: unknown, path: readonly string[]): void => {
    if (value === undefined) return;
    const { later } = factsOf(type);
    if (later !== undefined) {
      const idle = value === 'off' || (Array.isArray(value) && value.length === 0);
      if (!idle) warnings.push({ file, line: source.place(path).line, key: path.join('.'), message: later });
      return;
    }
    const inner = bare(type);
    if (!(inner instanceof z.ZodObject)) return;
    for (const [key, child] of Object.entries(inner.shape)) {
      walk(child as z.ZodType, (value as Record<string, unknown>)[key], [...path, key]);
    }
  };
  walk(configSchema, source.value, []);
  return warnings;
}

function toConfig(tables: ConfigTables, file: string, warnings: readonly ConfigWarning[]): Config {
  const folder = dirname(resolve(file));
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  const { tls, dns, networks, smtp, outbound, queue, quota, dkim, authentication, preflight, log } = tables;
  return {
    file: resolve(file),
    hostname: tables.hostname,
    ...optionalFields({ origin: tables.origin }),
    dataDir: absolute(tables['data-dir']),
    storage: tables.storage,
    listen: listenersOf(tables.listen),
    tls: optionalFields({
      certificate: tls.certificate && absolute(tls.certificate),
      nextKey: tls['next-key'] && absolute(tls['next-key']),
      key: tls.key && absolute(tls.key),
    }),
    dns: { servers: dns.servers ?? [], trustAd: dns['trust-ad'] ?? allLoopback(dns.servers ?? []), providers: dnsProvidersOf(dns.provider, absolute), policy: dnsPolicyOf(dns.policy) },
    networks: { trusted: networks.trusted, cleartextLogin: networks['cleartext-login'], proxies: networks.proxies },
    smtp: {
      maxMessageSize: smtp['max-message-size'],
      maxRecipients: smtp['max-recipients'],
      maxConnections: smtp['max-connections'],
      maxConnectionsPerClient: smtp['max-connections-per-client'],
      ...optionalFields({ threads: smtp.threads }),
    },
    outbound: {
      protocols: [...new Set(outbound.protocols)],
      port: outbound.port,
      ips: outbound.ip.map(({ 'public-address': publicAddress, ...ip }) => optionalFields({ ...ip, publicAddress })),
      pools: outbound.pool.map((pool) => ({ ...pool, senders: pool.senders.map((sender) => sender.toLowerCase()) })),
      fallbacks: outbound.fallback.map((fallback) => ({ ...relayOf(fallback, absolute), sites: fallback.sites })),
      ...optionalFields({ caFile: outbound['ca-file'] && absolute(outbound['ca-file']) }),
    },
    outboundTls: { dane: outbound.dane, mtaSts: outbound['mta-sts'], mtaStsPort: outbound['mta-sts-port'], rules: tables['tls-policy'].map(tlsRule) },
    ...(tables.relay && { relay: relayOf(tables.relay, absolute) }),
    queue: queueOf(queue),
    shaping: { enabled: tables.shaping.enabled, warmUp: tables.shaping['warm-up'], lowVolume: tables.shaping['low-volume'] },
    sites: tables.site.map(siteOf),
    login: loginConfigOf(tables.login, absolute),
    quota: {
      messagesPerHour: quota['messages-per-hour'],
      recipientsPerHour: quota['recipients-per-hour'],
      recipientsPerDay: quota['recipients-per-day'],
      brake: quota.brake,
    },
    dkim: { sign: [...new Set(dkim.sign)], rotateEveryMs: dkim['rotate-every'], keepAfterRotationMs: dkim['keep-after-rotation'], publish: dkim.publish },
    http: httpConfigOf(tables.http, absolute),
    mailbox: mailboxConfigOf(tables.mailbox),
    retention: retentionConfigOf(tables.retention),
    sieve: sieveConfigOf(tables.sieve, absolute),
    forwarding: {
      rewriteSender: tables.forwarding['rewrite-sender'],
      arcSeal: tables.forwarding['arc-seal'],
      ...optionalFields({ srsDomain: tables.forwarding['srs-domain'] && normalizeDomain(tables.forwarding['srs-domain']) }),
    },
    bounces: { verp: tables.bounces.verp },
    authentication: { dmarcReject: authentication['dmarc-reject'], trustedSealers: authentication['trusted-sealers'] },
    preflight: { mode: preflight.mode, content: preflight.content },
    reports: reportsConfigOf(tables.reports),
    dashboards: dashboardsOf(tables.dashboard, absolute),
    doctor: doctorConfigOf(tables.doctor, absolute),
    guard: guardConfigOf(tables.guard),
    placement: placementConfigOf(tables.placement),
    feedback: feedbackConfigOf(tables.feedback),
    log: { format: log.format, level: log.level, ...optionalFields({ file: log.file && absolute(log.file) }) },
    shutdownTimeoutMs: tables['shutdown-timeout'],
    ...(warnings.length > 0 && { warnings }),
  };
}

function queueOf(queue: ConfigTables['queue']): Config['queue'] {
  return {
    lifetimeMs: queue.lifetime,
    bounceLifetimeMs: queue['bounce-lifetime'],
    retryMinMs: queue['retry-min'],
    retryMaxMs: queue['retry-max'],
    onBlock: queue['on-block'],
    ...(queue.notify !== undefined && { notify: queue.notify }),
    delayNoticeMs: queue['delay-notice'],
  };
}

function listenersOf({ lmtp, ...others }: ConfigTables['listen']): Config['listen'] {
  const { smtp, submission, submissions, imap, imaps, pop3, pop3s, sieve, auth, http, https } = others;
  return {
    smtp,
    submission,
    submissions,
    lmtp: lmtp.filter((where) => typeof where !== 'string'),
    lmtpSockets: lmtp.filter((where) => typeof where === 'string'),
    imap,
    imaps,
    pop3,
    pop3s,
    sieve,
    auth,
    http,
    https,
  };
}

function tlsRule({ domains, level, match }: ConfigTables['tls-policy'][number]): TlsRule {
  return { domains: domains.map(domainPattern), level, ...(match ? { match: match.map(domainPattern) } : {}) };
}

/** As domains are compared: A-labels, lower case; a leading dot stays. */
function domainPattern(name: string): string {
  const plain = name.replace(/^\.|\.$/g, '');
  return (name.startsWith('.') ? '.' : '') + (normalizeDomain(plain) || plain.toLowerCase());
}

function relayOf(relay: NonNullable<ConfigTables['relay']>, absolute: (path: string) => string): NonNullable<Config['relay']> {
  const passwordFile = relay['password-file'] && absolute(relay['password-file']);
  return {
    host: relay.host,
    port: relay.port,
    tls: relay.tls ?? (relay.username === undefined ? 'opportunistic' : 'verify'),
    ...optionalFields({ username: relay.username, passwordFile, oauth: relay.oauth && oauthOf(relay.oauth, absolute) }),
  };
}

/** What must stand together has been checked (relations.ts). */
function oauthOf(oauth: RelayOauthTable, absolute: (path: string) => string): OauthSource {
  const { 'token-file': tokenFile, 'token-url': tokenUrl = '', 'client-id': clientId = '', 'refresh-token-file': refreshTokenFile = '', scope } = oauth;
  if (tokenFile !== undefined) return { kind: 'file', tokenFile: absolute(tokenFile) };
  const clientSecretFile = oauth['client-secret-file'] && absolute(oauth['client-secret-file']);
  return { kind: 'refresh', tokenUrl, clientId, refreshTokenFile: absolute(refreshTokenFile), ...optionalFields({ clientSecretFile, scope }) };
}

function siteOf(site: ConfigTables['site'][number]): SiteConfig {
  const { key, mx, title, tls, protocols } = site;
  const { 'retry-min': minMs, 'retry-max': maxMs } = site;
  return {
    key,
    ...(mx.length > 0 && { mx }),
    ...(tls === 'required' && { tls }),
    ...(minMs !== undefined && maxMs !== undefined && { retry: { minMs, maxMs } }),
    ...optionalFields({ title, protocols }),
    limits: optionalFields({
      connections: site.connections,
      messagesPerConnection: site['messages-per-connection'],
      connectionsPerMinute: site['connections-per-minute'],
      messagesPerMinute: site['messages-per-minute'],
    }),
  };
}

/** RFC 4035 §4.9.3: the AD bit means something only over a channel that nobody else can write to. */
function allLoopback(servers: readonly { readonly address: string }[]): boolean {
  return servers.length > 0 && servers.every(({ address }) => address.startsWith('127.') || address === '::1');
}

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined | ''>;
};

/** Leaves out fields that are undefined, so that "absent" has one form. */
function optionalFields<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
