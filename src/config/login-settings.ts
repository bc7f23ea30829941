/** The table [login] of posthorn.toml: its settings, what is wrong together, and what the program makes of them. */
import { z } from 'zod';
import { normalizeDomain } from '../mail/address.ts';
import type { BackendConfig, LoginConfig } from './login-config.ts';
import { optional, optionalTable, required, setting, table } from './setting.ts';
import * as value from './values.ts';

const MECHANISMS = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER', 'XOAUTH2', 'PLAIN', 'LOGIN'] as const;

const backend = z.strictObject(
  {
    kind: required(value.choice('store', 'file', 'ldap', 'sql', 'dovecot'), 'Accounts of Posthorn itself, a file of users, an LDAP directory, a database, a running Dovecot.'),
    name: optional(value.plainText(), 'What it is called in the log and by `posthorn account show`.', 'its kind'),
    domains: setting(value.listOf(value.hostname()), 'Only users of these domains are asked about; empty: all.', []),
    provision: setting(value.toggle(), 'Make a mailbox for a user at first sight: at the first log-in, or the first mail.', true),
    file: optional(value.path(), 'file: lines of user:hash, as htpasswd and Dovecot’s passwd-file have them; read again when it changes.', 'needed with kind "file"'),
    url: optional(value.plainText(), 'ldap: ldap://host or ldaps://host. sql: postgres://user@host/database, mysql://user@host/database or sqlite:/path.', 'needed with kind "ldap" and "sql"'),
    'ca-file': optional(value.path(), 'ldap, sql: PEM file of further certificate authorities to believe.', 'only the well-known ones'),
    'start-tls': setting(value.toggle(), 'ldap: begin TLS on ldap:// (ldaps:// always has it).', false),
    'bind-dn': optional(value.plainText(), 'ldap: who searches.', 'searched without logging in'),
    'bind-password-file': optional(value.path(), 'ldap: file with the password of bind-dn, mode 0600.', 'none'),
    base: optional(value.plainText(), 'ldap: where to search, such as "ou=people,dc=example,dc=org".', 'needed without bind-template'),
    filter: optional(value.plainText(), 'ldap: finds one entry; %u is the address, %n its local part, %d its domain.', '"(mail=%u)"'),
    'bind-template': optional(value.plainText(), 'ldap: the DN itself, such as "uid=%n,ou=people,dc=example,dc=org"; nothing is searched for then.', 'searched for'),
    'address-attribute': optional(value.plainText(), 'ldap: attribute with the address of the mailbox.', 'the user name'),
    'sql-password-file': optional(value.path(), 'sql: file with the database password, mode 0600.', 'none'),
    'password-query': optional(value.plainText(), 'sql: gives the column password (a hash as Dovecot writes it), and address if that is another than the user name; :user, :local and :domain are parameters.', 'needed with kind "sql"'),
    'user-query': optional(value.plainText(), 'sql: gives a row when the user exists.', 'password-query'),
    socket: optional(value.plainText(), 'dovecot: path of its auth-client socket, or address:port.', 'needed with kind "dovecot"'),
    'userdb-socket': optional(value.path(), 'dovecot: path of its auth-userdb socket, which tells whether a recipient exists.', 'recipients exist once they have logged in'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

const oauth = optionalTable('Log-in with tokens of an authorization server (OAUTHBEARER, XOAUTH2).', {
  'introspection-url': required(value.plainText(), 'Where tokens are looked up (RFC 7662), beginning with https:// (http:// to a loopback address).'),
  'client-id': optional(value.plainText(), 'Who asks.', 'asked without logging in'),
  'client-secret-file': optional(value.path(), 'File with the secret of that client, mode 0600.', 'none'),
  'username-claim': setting(value.plainText(), 'Claim of the answer that names the user.', 'username'),
  scope: optional(value.plainText(), 'Scope that a token must have.', 'any'),
  issuer: optional(value.plainText(), 'Issuer that a token must be from.', 'any'),
  'openid-configuration': optional(value.plainText(), 'Address that clients are told when their token is refused, so that they find the authorization server.', 'none'),
  'ca-file': optional(value.path(), 'PEM file of further certificate authorities to believe.', 'only the well-known ones'),
});

export const login = table('How users log in.', {
  'default-domain': optional(value.hostname(), 'Domain added to user names without one.', 'user names are full addresses'),
  mechanisms: optional(
    value.listOf(value.choice(...MECHANISMS)),
    'SASL mechanisms to offer.',
    'all that can work: SCRAM only while all passwords are in the store, OAUTHBEARER and XOAUTH2 with login.oauth',
  ),
  'totp-needs-app-passwords': setting(value.toggle(), 'An account with one-time codes opens IMAP, POP3, SMTP and ManageSieve to its app passwords only.', true),
  'audit-retention': setting(value.duration({ minMs: 3_600_000 }), 'How long log-ins can be looked up with `posthorn account logins`.', '90d'),
  'known-address-lifetime': setting(value.duration({ minMs: 3_600_000 }), 'How long an address counts as known after a log-in from there; it is never locked out by the guessing of others.', '90d'),
  oauth,
  backend: setting(
    z.array(backend, { error: () => 'tables written as [[login.backend]]' }),
    'Who knows the passwords, one table each, asked in this order; without one, the store.',
    [],
  ),
});

export type LoginTable = z.output<typeof login>;
type BackendTable = LoginTable['backend'][number];

const NEEDED: Readonly<Record<BackendTable['kind'], readonly (keyof BackendTable)[]>> = {
  store: [],
  file: ['file'],
  ldap: ['url'],
  sql: ['url', 'password-query'],
  dovecot: ['socket'],
};

const USED: Readonly<Record<BackendTable['kind'], readonly (keyof BackendTable)[]>> = {
  store: [],
  file: ['file'],
  ldap: ['url', 'ca-file', 'bind-dn', 'bind-password-file', 'base', 'filter', 'bind-template', 'address-attribute'],
  sql: ['url', 'ca-file', 'sql-password-file', 'password-query', 'user-query'],
  dovecot: ['socket', 'userdb-socket'],
};
const OF_ALL: readonly string[] = ['kind', 'name', 'domains', 'provision', 'start-tls'];

interface Wrong {
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
}

export function wrongLoginSettings({ backend: backends, oauth: tokens }: LoginTable): Wrong[] {
  const wrong: Wrong[] = [];
  if (tokens && !isIntrospectionUrl(tokens['introspection-url'])) wrong.push({ path: ['login', 'oauth', 'introspection-url'], allowed: 'must be a URL that begins with https:// (http:// only to a loopback address)' });
  const names = new Set<string>();
  for (const [at, row] of backends.entries()) {
    const say = (key: string, allowed: string): void => void wrong.push({ path: ['login', 'backend', at, key], allowed });
    const name = row.name ?? row.kind;
    if (names.has(name)) say('name', `must differ from that of the other back ends: "${name}" is taken`);
    if (name === 'store' && row.kind !== 'store') say('name', 'cannot be "store", which is Posthorn itself');
    names.add(name);
    for (const key of NEEDED[row.kind]) if (row[key] === undefined) say('kind', `"${row.kind}" needs ${key} beside it`);
    for (const [key, given] of Object.entries(row)) {
      if (given !== undefined && !OF_ALL.includes(key) && !USED[row.kind].includes(key as keyof BackendTable)) say(key, `means nothing with kind = "${row.kind}"`);
    }
    if (row.kind === 'ldap') wrong.push(...wrongLdap(row, at));
    if (row.kind === 'sql' && row.url !== undefined && !/^(?:postgres(?:ql)?:\/\/|mysql:\/\/|mariadb:\/\/|sqlite:\/)/.test(row.url)) say('url', 'must begin with postgres://, mysql:// or sqlite:/');
  }
  return wrong;
}

function wrongLdap(row: BackendTable, at: number): Wrong[] {
  const wrong: Wrong[] = [];
  const say = (key: string, allowed: string): void => void wrong.push({ path: ['login', 'backend', at, key], allowed });
  if (row.url !== undefined && !/^ldaps?:\/\/[^/]+\/?$/.test(row.url)) say('url', 'must be ldap://host, ldaps://host, or either with :port');
  if (row['start-tls'] && row.url?.startsWith('ldaps:')) say('start-tls', 'and ldaps:// exclude each other');
  if (row['bind-template'] === undefined && row.base === undefined) say('kind', '"ldap" needs base or bind-template beside it');
  if ((row['bind-dn'] === undefined) !== (row['bind-password-file'] === undefined)) say('kind', '"ldap" needs bind-dn and bind-password-file together, or neither');
  if (row.url?.startsWith('ldap:') && !row['start-tls'] && !isLoopbackUrl(row.url)) say('url', 'would send passwords in the clear: use ldaps://, or start-tls = true');
  return wrong;
}

function isIntrospectionUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackUrl(text));
}

function isLoopbackUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { hostname } = new URL(text);
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

type Absolute = (path: string) => string;

export function loginConfigOf(tables: LoginTable, absolute: Absolute): LoginConfig {
  const { oauth: tokens } = tables;
  return {
    ...present({ defaultDomain: tables['default-domain'] && normalizeDomain(tables['default-domain']), mechanisms: tables.mechanisms }),
    totpNeedsAppPasswords: tables['totp-needs-app-passwords'],
    auditRetentionMs: tables['audit-retention'],
    knownAddressMs: tables['known-address-lifetime'],
    ...(tokens && {
      oauth: {
        introspectionUrl: tokens['introspection-url'],
        usernameClaim: tokens['username-claim'],
        ...present({
          clientId: tokens['client-id'],
          clientSecretFile: tokens['client-secret-file'] && absolute(tokens['client-secret-file']),
          scope: tokens.scope,
          issuer: tokens.issuer,
          openidConfiguration: tokens['openid-configuration'],
          caFile: tokens['ca-file'] && absolute(tokens['ca-file']),
        }),
      },
    }),
    backends: tables.backend.length === 0 ? [{ kind: 'store', name: 'store' }] : tables.backend.map((row) => backendOf(row, absolute)),
  };
}

/** What each kind needs has been checked. */
function backendOf(row: BackendTable, absolute: Absolute): BackendConfig {
  const path = (given: string | undefined): string | undefined => (given === undefined ? undefined : absolute(given));
  const base = { name: row.name ?? row.kind, domains: row.domains.map(normalizeDomain), provision: row.provision };
  switch (row.kind) {
    case 'store':
      return { ...base, kind: 'store' };
    case 'file':
      return { ...base, kind: 'file', file: absolute(row.file ?? '') };
    case 'ldap':
      return {
        ...base,
        kind: 'ldap',
        url: row.url ?? '',
        startTls: row['start-tls'],
        ...present({
          caFile: path(row['ca-file']),
          bindDn: row['bind-dn'],
          bindPasswordFile: path(row['bind-password-file']),
          base: row.base,
          filter: row.filter,
          bindTemplate: row['bind-template'],
          addressAttribute: row['address-attribute'],
        }),
      };
    case 'sql':
      return {
        ...base,
        kind: 'sql',
        url: row.url ?? '',
        passwordQuery: row['password-query'] ?? '',
        ...present({ sqlPasswordFile: path(row['sql-password-file']), caFile: path(row['ca-file']), userQuery: row['user-query'] }),
      };
    case 'dovecot':
      return { ...base, kind: 'dovecot', socket: row.socket ?? '', ...present({ userdbSocket: path(row['userdb-socket']) }) };
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined | ''> };

function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, given]) => given !== undefined)) as Present<T>;
}
