/** The tables [[dashboard]] of posthorn.toml: what providers tell about our mail to those who are enrolled. Secrets are in files. */
import { z } from 'zod';
import { optional, required, setting } from './setting.ts';
import * as value from './values.ts';

export type DashboardConfig =
  | {
      readonly provider: 'google';
      /** Empty: every domain of this server. */
      readonly domains: readonly string[];
      readonly login: GoogleLogin;
      /** Of the API; without a slash at the end. */
      readonly url: string;
      /** Where tokens are made. */
      readonly tokenUrl: string;
    }
  | { readonly provider: 'microsoft'; readonly keyFile: string; /** Folder of data.aspx and ipStatus.aspx. */ readonly url: string };

export type GoogleLogin =
  /** JSON as the Google Cloud console gives it. */
  | { readonly kind: 'service-account'; readonly file: string }
  | { readonly kind: 'refresh'; readonly clientId: string; readonly clientSecretFile: string; readonly refreshTokenFile: string };

const GOOGLE_URL = 'https://gmailpostmastertools.googleapis.com';
const GOOGLE_TOKEN_URL = 'https://oauth2.googleapis.com/token';
const MICROSOFT_URL = 'https://sendersupport.olc.protection.outlook.com/snds';

const dashboard = z.strictObject(
  {
    provider: required(value.choice('google', 'microsoft'), 'google: Postmaster Tools. microsoft: Smart Network Data Services (SNDS). Yahoo offers no programs an access; its complaints come by mail.'),
    domains: setting(value.listOf(value.hostname()), 'google: domains that are registered there; empty: all of this server.', []),
    'service-account-file': optional(value.path(), 'google: key of a service account (JSON), mode 0600, which is a user of the domains in Postmaster Tools.', 'client-id, client-secret-file and refresh-token-file are needed'),
    'client-id': optional(value.plainText(), 'google: OAuth client.', 'service-account-file is needed'),
    'client-secret-file': optional(value.path(), 'google: file with the secret of the OAuth client, mode 0600.', 'service-account-file is needed'),
    'refresh-token-file': optional(value.path(), 'google: file with the refresh token of somebody who sees the domains there, mode 0600.', 'service-account-file is needed'),
    'key-file': optional(value.path(), 'microsoft: file with the key of SNDS’s automated data access, mode 0600.', 'needed with provider "microsoft"'),
    url: optional(value.plainText(), 'Address of the service, when it is not the usual one.', 'the provider’s'),
    'token-url': optional(value.plainText(), 'google: where tokens are made, when it is not the usual place.', 'the provider’s'),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a table' : undefined) },
);

export const dashboards = setting(
  z.array(dashboard, { error: () => 'tables written as [[dashboard]]' }),
  'Services where providers tell senders about their mail, read once a day; see `posthorn report dashboards`.',
  [],
);

type DashboardTable = z.output<typeof dashboard>;

const USED: Readonly<Record<DashboardTable['provider'], readonly (keyof DashboardTable)[]>> = {
  google: ['domains', 'service-account-file', 'client-id', 'client-secret-file', 'refresh-token-file', 'url', 'token-url'],
  microsoft: ['key-file', 'url'],
};
const REFRESH = ['client-id', 'client-secret-file', 'refresh-token-file'] as const;

/** What is wrong together. */
export function wrongDashboards(rows: readonly DashboardTable[]): { readonly path: (string | number)[]; readonly allowed: string }[] {
  return rows.flatMap((row, index) => {
    const wrong = (key: string, allowed: string) => ({ path: ['dashboard', index, key], allowed });
    const unused = (Object.keys(row) as (keyof DashboardTable)[]).filter((key) => key !== 'provider' && row[key] !== undefined && !(key === 'domains' && row.domains.length === 0) && !USED[row.provider].includes(key));
    return [
      ...unused.map((key) => wrong(key, `is not used with provider "${row.provider}"`)),
      ...(['url', 'token-url'] as const).filter((key) => row[key] !== undefined && !isSafe(row[key])).map((key) => wrong(key, 'must be an address that begins with https:// (http:// only on this machine)')),
      ...(row.provider === 'microsoft' && row['key-file'] === undefined ? [wrong('provider', 'needs key-file with "microsoft"')] : []),
      ...(row.provider === 'google' ? wrongLogin(row).map((text) => wrong('provider', text)) : []),
    ];
  });
}

function wrongLogin(row: DashboardTable): readonly string[] {
  const given = REFRESH.filter((key) => row[key] !== undefined);
  if (row['service-account-file'] !== undefined) return given.length === 0 ? [] : [`takes service-account-file or ${REFRESH.join(', ')}, not both`];
  return given.length === REFRESH.length ? [] : [`needs service-account-file, or else ${REFRESH.join(', ')}, with "google"`];
}

function isSafe(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && /^(?:127\.|\[::1\]$|localhost$)/.test(url.hostname));
}

/** Of tables in which nothing is wrong. */
export function dashboardsOf(rows: readonly DashboardTable[], absolute: (path: string) => string): readonly DashboardConfig[] {
  return rows.map((row): DashboardConfig => {
    const url = row.url?.replace(/\/+$/, '');
    if (row.provider === 'microsoft') return { provider: 'microsoft', keyFile: absolute(row['key-file'] ?? ''), url: url ?? MICROSOFT_URL };
    const account = row['service-account-file'];
    const login: GoogleLogin =
      account === undefined
        ? { kind: 'refresh', clientId: row['client-id'] ?? '', clientSecretFile: absolute(row['client-secret-file'] ?? ''), refreshTokenFile: absolute(row['refresh-token-file'] ?? '') }
        : { kind: 'service-account', file: absolute(account) };
    return { provider: 'google', domains: row.domains, login, url: url ?? GOOGLE_URL, tokenUrl: row['token-url'] ?? GOOGLE_TOKEN_URL };
  });
}
