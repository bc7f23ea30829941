/**
 * The one schema of posthorn.toml: every setting with its type, default, unit and one line of help.
 *
 * Reading (config/load.ts), the reference page (config/reference.ts), the commented file that quickstart writes
 * (config/template.ts) and "did you mean" all come from here. Names are a contract with users: kebab-case, never renamed.
 * What a coming version will serve is accepted and answered with a warning (docs/decisions/0071).
 */
import { z } from 'zod';
import { STREAMS } from '../mail/sites/streams.ts';
import { dashboards } from './dashboard-settings.ts';
import { dnsPolicy, dnsProviders } from './dns-settings.ts';
import { doctor } from './doctor-settings.ts';
import { guard } from './guard-settings.ts';
import { placement } from './placement-settings.ts';
import { feedback } from './feedback-settings.ts';
import { http } from './http-settings.ts';
import { login } from './login-settings.ts';
import { mailbox, retention } from './mailbox-settings.ts';
import { reports } from './reports-settings.ts';
import { coming, optional, optionalTable, required, setting, table } from './setting.ts';
import { sieve } from './sieve-settings.ts';
import * as value from './values.ts';

const MIB = 1024 ** 2;
const listener = () => value.listOf(value.endpoint());

const listen = table('Where to listen: each a list of "address:port"; leave out what is not wanted.', {
  smtp: setting(listener(), 'Mail from other servers (port 25).', []),
  submission: setting(listener(), 'Mail from our users, with STARTTLS and AUTH (port 587).', []),
  submissions: setting(listener(), 'Mail from our users, TLS from the first byte (port 465).', []),
  lmtp: setting(
    value.listOf(value.endpointOrSocket()),
    'Mail for our mailboxes from other servers of ours (LMTP, port 24), which must be in networks.trusted; also the path of a Unix socket.',
    [],
  ),
  imap: setting(listener(), 'IMAP with STARTTLS (port 143).', []),
  imaps: setting(listener(), 'IMAP over TLS (port 993).', []),
  pop3: setting(listener(), 'POP3 with STLS (port 110).', []),
  pop3s: setting(listener(), 'POP3 over TLS (port 995).', []),
  sieve: setting(listener(), 'ManageSieve, by which mail programs change Sieve scripts (port 4190).', []),
  auth: setting(
    value.listOf(value.endpointOrSocket()),
    'Log-ins for other programs on this machine, in the protocol of Dovecot (Postfix, Exim): the path of a Unix socket, or a loopback address and port.',
    [],
  ),
  http: setting(listener(), 'Web server in the clear: behind another web server, which does the TLS.', []),
  https: setting(listener(), 'Web server over TLS (port 443): MTA-STS policies, and settings for mail programs.', []),
});

const tls = table('The certificate of this server.', {
  certificate: optional(
    value.path(),
    'PEM file with the certificate and its chain.',
    'none: STARTTLS is not offered, and submissions cannot be served (posthorn quickstart makes one)',
  ),
  'next-key': optional(value.path(), 'PEM file of the key (or certificate) that this server will change to: with dns.policy.dane its TLSA record is published beside the present one.', 'none'),
  key: optional(value.path(), 'PEM file with the private key.', 'none'),
  acme: coming(
    z.looseObject({}, { error: () => 'a table' }),
    'Fetch and renew the certificate by ACME.',
    'ACME is not available in this version; set tls.certificate and tls.key',
  ),
});

const dns = table('Name servers to ask, and what to publish where.', {
  servers: optional(value.listOf(value.nameServer()), 'Asked in this order.', 'those of /etc/resolv.conf'),
  'trust-ad': optional(
    value.toggle(),
    'Believe these servers when they say that an answer was validated by DNSSEC.',
    'only servers on a loopback address are believed',
  ),
  provider: dnsProviders,
  policy: dnsPolicy,
});

const networks = table('Whom to trust by address.', {
  trusted: setting(
    value.listOf(value.network()),
    'Networks that may send to anywhere without logging in, as Postfix’s mynetworks, and log in without TLS.',
    ['127.0.0.0/8', '::1/128'],
  ),
  'cleartext-login': setting(
    value.listOf(value.network()),
    'Further networks that may log in to IMAP, POP3 and ManageSieve without TLS; they may not relay.',
    [],
  ),
  proxies: setting(
    value.listOf(value.network()),
    'Proxies whose PROXY protocol header is required and believed.',
    [],
  ),
});

const smtp = table('Limits of the SMTP server.', {
  'max-message-size': setting(value.size(64 * 1024, 1024 * MIB), 'Largest message accepted, told by SIZE.', '50MiB'),
  'max-recipients': setting(value.count(1, 100_000), 'Most recipients of one message.', 1000),
  'max-connections': setting(value.count(1, 100_000), 'Most sessions at a time.', 1000),
  'max-connections-per-client': setting(value.count(1, 100_000), 'Most sessions at a time from one address.', 50),
  threads: optional(value.count(0, 64), 'Threads that take sessions; 0: sessions share the main thread with everything else.', 'the number of processors, at most 4'),
});

const outboundIp = z.strictObject(
  {
    address: required(value.ipAddress(), 'Source address of outgoing connections.'),
    'public-address': optional(value.ipAddress(), 'What the internet sees instead, behind NAT: reverse name, SPF and block lists are about it.', 'address'),
    helo: optional(value.qualifiedHostname(), 'EHLO name for connections from it; must equal its PTR.', 'hostname'),
    pool: setting(value.plainText(), 'Pool that it belongs to; see outbound.pool.', 'default'),
    weight: setting(value.count(1, 1000), 'Share of the mail of its pool, beside the others’ weights.', 1),
    standby: setting(value.toggle(), 'Sends only while the others of its pool rest.', false),
    warm: setting(value.toggle(), 'Has sent for long: no warm-up.', false),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const outboundPool = z.strictObject(
  {
    name: required(value.plainText(), 'Name, as in outbound.ip.'),
    streams: setting(value.listOf(value.choice(...STREAMS)), 'Streams of mail that use it; empty: all.', []),
    senders: setting(value.listOf(value.plainText()), 'Sender addresses and domains that use it; empty: all.', []),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const relayOauth = () =>
  optionalTable('Log in with a bearer token (OAUTHBEARER, XOAUTH2) instead of a password, as Google and Microsoft want it.', {
    'token-file': optional(value.path(), 'File with the access token that another program keeps fresh; read at each log-in.', 'fetched from token-url'),
    'token-url': optional(value.plainText(), 'Where to fetch access tokens, beginning with https://.', 'token-file is used'),
    'client-id': optional(value.plainText(), 'Client that the token was given to.', 'token-file is used'),
    'client-secret-file': optional(value.path(), 'File with the secret of that client, mode 0600.', 'the client has no secret'),
    'refresh-token-file': optional(value.path(), 'File with the refresh token, mode 0600.', 'token-file is used'),
    scope: optional(value.plainText(), 'Scope to ask for.', 'that of the refresh token'),
  });

const outboundFallback = z.strictObject(
  {
    sites: required(value.listOf(value.plainText()), 'Sites, as `posthorn ip list` names them: `google`, or the MX host names.'),
    host: required(value.host(), 'Smarthost that takes their mail while our own addresses rest there.'),
    port: setting(value.port(), 'Its port.', 587),
    username: optional(value.plainText(), 'Log in as.', 'no log-in'),
    'password-file': optional(value.path(), 'File that holds the password alone, mode 0600.', 'no log-in'),
    tls: optional(
      value.choice('verify', 'opportunistic', 'none'),
      'Demand a verified certificate, use TLS when offered, or never.',
      '"verify" with a user name, else "opportunistic"',
    ),
    oauth: relayOauth(),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const outbound = table('Delivery to other servers.', {
  protocols: setting(
    value.listOf(value.choice('ipv4', 'ipv6')).min(1, { error: () => 'at least one of "ipv4", "ipv6"' }),
    'Internet protocols to use.',
    ['ipv4', 'ipv6'],
  ),
  port: setting(value.port(), 'Port of the servers that MX records name.', 25),
  ip: setting(
    z.array(outboundIp, { error: () => 'tables written as [[outbound.ip]]' }),
    'Source addresses, one table each.',
    [],
  ),
  pool: setting(
    z.array(outboundPool, { error: () => 'tables written as [[outbound.pool]]' }),
    'Which mail leaves from which source addresses; the first pool that fits is used, else the pool "default".',
    [],
  ),
  fallback: setting(
    z.array(outboundFallback, { error: () => 'tables written as [[outbound.fallback]]' }),
    'Smarthosts for single sites, used while our own addresses rest there.',
    [],
  ),
  'ca-file': optional(
    value.path(),
    'PEM file of further certificate authorities to believe.',
    'only the well-known ones',
  ),
  dane: setting(value.toggle(), 'Heed TLSA records (DANE); needs name servers that validate DNSSEC, see dns.trust-ad.', true),
  'mta-sts': setting(value.toggle(), 'Heed the MTA-STS policies of recipient domains.', true),
  'mta-sts-port': setting(value.port(), 'Port of the web servers that publish MTA-STS policies. For rehearsals only: on the Internet it is 443.', 443),
});

const tlsPolicy = z.strictObject(
  {
    domains: required(value.listOf(value.plainText()).min(1, { error: () => 'at least one domain' }), 'Recipient domains; ".example.net" is every domain below example.net.'),
    level: required(
      value.choice('none', 'opportunistic', 'encrypt', 'verify', 'dane'),
      'Protection of their mail: never TLS, TLS when offered, always, always with a verified certificate, always by TLSA records (DANE).',
    ),
    match: optional(
      value.listOf(value.plainText()),
      'With "verify": names of which the certificate must have one; ".example.net" is any name below; "hostname" is the mail server’s, "nexthop" the domain itself.',
      'the mail server’s name',
    ),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const relay = optionalTable('A smarthost that takes all outgoing mail, instead of delivery by MX.', {
  host: required(value.host(), 'Host name or address of the smarthost.'),
  port: setting(value.port(), 'Its port; 587 is usual with a user name.', 25),
  username: optional(value.plainText(), 'Log in as.', 'no log-in'),
  'password-file': optional(value.path(), 'File that holds the password alone, mode 0600.', 'no log-in'),
  tls: optional(
    value.choice('verify', 'opportunistic', 'none'),
    'Demand a verified certificate, use TLS when offered, or never.',
    '"verify" with a user name, else "opportunistic"',
  ),
  oauth: relayOauth(),
});

const queue = table('How long mail waits, and how often it is tried.', {
  lifetime: setting(value.duration({ minMs: 1000 }), 'A message that could not be delivered for so long is returned.', '5d'),
  'bounce-lifetime': setting(value.duration({ minMs: 1000 }), 'The same for bounces, which are then dropped.', '5d'),
  'retry-min': setting(value.duration({ minMs: 1000 }), 'Wait after the first failed attempt; doubles each time.', '5m'),
  'retry-max': setting(value.duration({ minMs: 1000 }), 'Longest wait between attempts.', '4h'),
  'on-block': setting(
    value.choice('requeue', 'hold', 'bounce'),
    'What becomes of a message when the receiver refuses this server (address, name, reputation) for good: it waits and is tried again after an hour or more, waits for an administrator, or goes back to its sender. Recipients are never blamed for it.',
    'requeue',
  ),
  notify: optional(value.mailAddress(), 'Who is told by mail when a receiver blocks this server.', 'postmaster of the host name'),
  'delay-notice': setting(value.duration(), 'The sender is told, once, that a message has waited so long; "0s": never.', '4h'),
});

const shaping = table('How mail is sent so that receivers keep liking us.', {
  enabled: setting(value.toggle(), 'Adapt to what receivers answer; false leaves only a bound on connections.', true),
  'warm-up': setting(value.toggle(), 'Let a new address of outbound.ip send little at first, and more every day.', true),
  'low-volume': setting(value.count(0, 1_000_000), 'An address that sends fewer messages a day sends them one after the other; 0 never does.', 200),
});

const site = z.strictObject(
  {
    key: required(value.plainText(), 'Name of the site; that of a known site changes its figures, `default` those of all others.'),
    mx: setting(value.listOf(value.hostPattern()), 'Its MX hosts; may be left out for a known site.', []),
    title: optional(value.plainText(), 'For people.', 'the key'),
    connections: optional(value.count(1, 1000), 'Connections at once.', 'as known, else 10'),
    'messages-per-connection': optional(value.count(1, 10_000), 'Messages on one connection.', 'as known, else 100'),
    'connections-per-minute': optional(value.count(1, 10_000), 'New connections a minute.', 'as known, else 100'),
    'messages-per-minute': optional(value.count(1, 1_000_000), 'Messages a minute.', 'no limit'),
    tls: optional(value.choice('required', 'opportunistic'), 'Whether encryption is a must.', 'as known, else "opportunistic"'),
    protocols: optional(value.listOf(value.choice('ipv4', 'ipv6')), 'Internet protocols, the preferred first.', 'outbound.protocols'),
    'retry-min': optional(value.duration({ minMs: 1000 }), 'First wait between attempts.', 'queue.retry-min'),
    'retry-max': optional(value.duration({ minMs: 1000 }), 'Longest wait between attempts.', 'queue.retry-max'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const quota = table('How much an account may send; `posthorn quota set` gives one account limits of its own.', {
  'messages-per-hour': setting(value.count(1, 10_000_000), 'Most messages in a clock hour; further ones are answered 450.', 1000),
  'recipients-per-hour': setting(value.count(1, 10_000_000), 'Most recipients in a clock hour.', 5000),
  'recipients-per-day': setting(value.count(1, 100_000_000), 'Most recipients in 24 hours.', 20_000),
  brake: setting(
    value.toggle(),
    'Hold the mail of an account that suddenly writes to far more strangers than ever, and tell the postmaster.',
    true,
  ),
});

const dkim = table('Signing of outgoing mail.', {
  sign: setting(
    value.listOf(value.choice('rsa', 'ed25519')),
    'Algorithms to sign with, of those that the domain has keys for.',
    ['rsa', 'ed25519'],
  ),
  'rotate-every': setting(value.duration(), 'A key that is older than this is replaced by itself, step by step; "0s": only on command (posthorn dkim rotate).', '0s'),
  'keep-after-rotation': setting(value.duration({ minMs: 86_400_000 }), 'How long the record of an old key stays published after the new one signs: as long as mail that it signed may be on its way, and never shorter than queue.lifetime.', '7d'),
  publish: setting(value.toggle(), 'A key change publishes the new record and takes out the old one by itself, where a [[dns.provider]] hosts the zone; it touches no other record.', true),
});

const forwarding = table('Mail that aliases lead to other servers.', {
  'rewrite-sender': setting(
    value.toggle(),
    'Give forwarded mail of strangers a return path here (SRS), so that SPF passes and bounces find back.',
    true,
  ),
  'srs-domain': optional(value.hostname(), 'Domain of these return paths; its mail must come here.', 'the domain of the alias'),
  'arc-seal': setting(value.toggle(), 'Seal forwarded mail (ARC) with the DKIM key of that domain.', true),
});

const bounces = table('Bounces of our own mail.', {
  verp: setting(
    value.choice('requested', 'bulk'),
    'Give each copy a sender that names its recipient: when the client asks for it (XVERP), or for bulk mail of our domains, too.',
    'requested',
  ),
});

const authentication = table('Judging who sent a message.', {
  'dmarc-reject': setting(value.toggle(), 'Refuse mail that fails DMARC when its domain asks for that.', true),
  'trusted-sealers': setting(
    value.listOf(value.hostname()),
    'Domains whose ARC seal may excuse a DMARC failure (forwarders and lists you know).',
    [],
  ),
});

const preflight = table('Looking at outgoing mail as its receiver will, before it leaves.', {
  mode: setting(
    value.choice('warn', 'hold', 'refuse', 'off'),
    'A message that its receiver is known to refuse is sent with the finding noted, put on hold, or returned.',
    'warn',
  ),
  content: setting(value.toggle(), 'Judge what a message says, too: words, links, parts, and linked domains on block lists. The findings are noted; nothing is kept back for them.', false),
});

const log = table('The log.', {
  format: setting(value.choice('json', 'postfix'), 'JSON lines, or the lines of Postfix’s maillog.', 'json'),
  level: setting(value.choice('debug', 'info', 'warn', 'error'), 'Least important entries to keep.', 'info'),
  file: optional(value.path(), 'File to append to; SIGHUP opens it again.', 'standard error'),
});

const filter = table('Spam filter.', {
  engine: coming(
    value.choice('builtin', 'rspamd', 'spamassassin', 'off'),
    'Which filter judges incoming mail.',
    'spam filters are not available in this version; mail is judged by SPF, DKIM and DMARC only',
  ),
});

export const configSchema = z.strictObject({
  hostname: required(value.qualifiedHostname(), 'Name of this server in EHLO and banner; must equal the PTR of its address.'),
  origin: optional(
    value.hostname(),
    'Domain added to addresses without one by sendmail and mail, as Postfix’s myorigin.',
    'hostname',
  ),
  'data-dir': setting(value.path(), 'Folder of queue, mailboxes, keys and accounts.', '/var/lib/posthorn'),
  storage: setting(
    value.choice('sqlite'),
    'Where the data is kept. "postgres://…" comes with a later version and is refused until then.',
    'sqlite',
  ),
  'shutdown-timeout': setting(value.duration(), 'How long SIGTERM waits for sessions and deliveries to end.', '30s'),
  listen,
  tls,
  dns,
  networks,
  smtp,
  outbound,
  relay,
  queue,
  shaping,
  site: setting(
    z.array(site, { error: () => 'tables written as [[site]]' }),
    'Receiving sites that you know more about, one table each.',
    [],
  ),
  'tls-policy': setting(
    z.array(tlsPolicy, { error: () => 'tables written as [[tls-policy]]' }),
    'Protection of the mail to some domains, whatever they publish; the first table that names a domain counts.',
    [],
  ),
  login,
  quota,
  mailbox,
  retention,
  dkim,
  http,
  forwarding,
  sieve,
  bounces,
  authentication,
  preflight,
  doctor,
  guard,
  placement,
  feedback,
  reports,
  dashboard: dashboards,
  log,
  filter,
});

export type ConfigTables = z.output<typeof configSchema>;
export type RelayOauthTable = NonNullable<NonNullable<ConfigTables['relay']>['oauth']>;
