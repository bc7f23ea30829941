/** Settings that are right alone and wrong together. */
import { SITE_PROFILES } from '../mail/sites/find-site.ts';
import { wrongDashboards } from './dashboard-settings.ts';
import { wrongDnsSettings } from './dns-settings.ts';
import { wrongProber } from './doctor-settings.ts';
import { wrongGuardInterval } from './guard-settings.ts';
import { wrongPlacementInterval } from './placement-settings.ts';
import { wrongFeedbackAddress } from './feedback-settings.ts';
import { wrongLoginSettings } from './login-settings.ts';
import type { ConfigTables } from './schema.ts';

export interface WrongRelation {
  /** The setting to point at. */
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
}

export function checkRelations(tables: ConfigTables): WrongRelation[] {
  const { tls, relay, queue, outbound, listen } = tables;
  const wrong: WrongRelation[] = [];
  const say = (key: string, allowed: string): void => void wrong.push({ path: key.split('.'), allowed });
  if (tls.certificate !== undefined && tls.key === undefined) say('tls.certificate', 'needs tls.key beside it');
  if (tls.key !== undefined && tls.certificate === undefined) say('tls.key', 'needs tls.certificate beside it');
  for (const service of TLS_AT_ONCE) {
    if (listen[service].length > 0 && tls.certificate === undefined) say(`listen.${service}`, 'needs tls.certificate and tls.key: TLS begins with the first byte there');
  }
  wrong.push(...sharedListeners(listen));
  if (queue['retry-min'] > queue['retry-max']) say('queue.retry-min', 'must not be longer than queue.retry-max');
  if (relay) wrong.push(...wrongLogin(relay, ['relay']));
  const prober = wrongProber(tables.doctor.prober);
  if (prober !== undefined) say('doctor.prober', prober);
  const feedbackAddress = wrongFeedbackAddress(tables.feedback.addresses);
  if (feedbackAddress !== undefined) say('feedback.addresses', feedbackAddress);
  const tests = wrongPlacementInterval(tables.placement.every);
  if (tests !== undefined) say('placement.every', tests);
  const interval = wrongGuardInterval(tables.guard.every);
  if (interval !== undefined) say('guard.every', interval);
  wrong.push(...outbound.fallback.flatMap((fallback, at) => wrongLogin(fallback, ['outbound', 'fallback', at])));
  wrong.push(...wrongShaping(tables), ...wrongLoginSettings(tables.login), ...wrongDnsSettings(tables.dns), ...wrongDashboards(tables.dashboard), ...wideAuth(listen));
  for (const [index, { address }] of outbound.ip.entries()) {
    if (outbound.ip.findIndex((other) => other.address === address) < index) wrong.push({ path: ['outbound', 'ip', index, 'address'], allowed: 'is named twice: give each address one [[outbound.ip]]' });
    const protocol = address.includes(':') ? 'ipv6' : 'ipv4';
    if (!outbound.protocols.includes(protocol)) {
      wrong.push({
        path: ['outbound', 'ip', index, 'address'],
        allowed: `is never used: outbound.protocols has no "${protocol}"`,
      });
    }
  }
  for (const [index, { level, match }] of tables['tls-policy'].entries()) {
    if (match !== undefined && level !== 'verify') wrong.push({ path: ['tls-policy', index, 'match'], allowed: 'means something with level = "verify" only' });
  }
  return wrong;
}

type LoginTable = Pick<NonNullable<ConfigTables['relay']>, 'username' | 'password-file' | 'tls' | 'oauth'>;

/** A user name goes with one secret, and a secret with verified TLS. */
function wrongLogin(relay: LoginTable, path: readonly PropertyKey[]): WrongRelation[] {
  const { username, 'password-file': passwordFile, tls, oauth } = relay;
  const name = path.filter((step) => typeof step === 'string').join('.');
  const wrong: WrongRelation[] = [];
  const say = (key: string, allowed: string): void => void wrong.push({ path: [...path, ...key.split('.')], allowed });
  if (username !== undefined && passwordFile === undefined && oauth === undefined) say('username', `needs ${name}.password-file (or ${name}.oauth) beside it`);
  if (passwordFile !== undefined && username === undefined) say('password-file', `needs ${name}.username beside it`);
  if (oauth !== undefined && username === undefined) say('oauth', `needs ${name}.username beside it`);
  if (oauth !== undefined && passwordFile !== undefined) say('oauth', `and ${name}.password-file exclude each other`);
  if (username !== undefined && tls !== undefined && tls !== 'verify') {
    say('tls', 'must be "verify" (or left out) when a user name is set: a password is sent only over verified TLS');
  }
  if (oauth === undefined) return wrong;
  const fetched = ['token-url', 'client-id', 'refresh-token-file'] as const;
  if (oauth['token-file'] === undefined) {
    for (const key of fetched) if (oauth[key] === undefined) say('oauth', `needs token-file, or else ${key}`);
  } else if (oauth['token-url'] !== undefined) say('oauth.token-url', `and ${name}.oauth.token-file exclude each other`);
  const url = oauth['token-url'];
  if (url !== undefined && !(URL.canParse(url) && new URL(url).protocol === 'https:')) say('oauth.token-url', 'must be a URL that begins with https://');
  return wrong;
}

/** Pools without addresses, addresses of no pool, sites that fit nothing. */
function wrongShaping({ outbound, site }: ConfigTables): WrongRelation[] {
  const pools = new Set(['default', ...outbound.pool.map(({ name }) => name)]);
  const used = new Set(outbound.ip.map(({ pool }) => pool));
  const known = new Set(['default', ...SITE_PROFILES.map(({ key }) => key)]);
  return [
    ...outbound.ip.flatMap(({ pool }, at) => (pools.has(pool) ? [] : [{ path: ['outbound', 'ip', at, 'pool'], allowed: 'must be "default" or the name of an [[outbound.pool]]' }])),
    ...outbound.pool.flatMap(({ name }, at) => (used.has(name) ? [] : [{ path: ['outbound', 'pool', at, 'name'], allowed: 'has no address: at least one [[outbound.ip]] must name this pool' }])),
    ...site.flatMap(({ key, mx }, at) => (mx.length === 0 && !known.has(key) ? [{ path: ['site', at, 'key'], allowed: 'is no known site: say with mx = [".example.net"] which hosts it has' }] : [])),
    ...site.flatMap((row, at) => ((row['retry-min'] === undefined) === (row['retry-max'] === undefined) ? [] : [{ path: ['site', at, 'key'], allowed: 'needs retry-min and retry-max together, or neither' }])),
    ...site.flatMap((row, at) => ((row['retry-min'] ?? 0) > (row['retry-max'] ?? Infinity) ? [{ path: ['site', at, 'retry-min'], allowed: 'must not be longer than retry-max' }] : [])),
  ];
}

/** An address that two services want; the second would find it taken by ourselves, which is hard to guess from the error. */
function sharedListeners(listen: ConfigTables['listen']): WrongRelation[] {
  const owners = new Map<string, string>();
  return SERVED.flatMap((service) =>
    listen[service].flatMap((listener, index) => {
      // Port 0 is whichever the system chooses.
      if (typeof listener !== 'string' && listener.port === 0) return [];
      const where = typeof listener === 'string' ? listener : `${listener.address} ${listener.port}`;
      const owner = owners.get(where);
      owners.set(where, owner ?? service);
      return owner === undefined ? [] : [{ path: ['listen', service, index], allowed: `is the same address and port as one of listen.${owner}` }];
    }),
  );
}

/** Whoever reaches it may try passwords and claim any client address. */
function wideAuth({ auth }: ConfigTables['listen']): WrongRelation[] {
  return auth.flatMap((where, index) =>
    typeof where === 'string' || where.address === '::1' || where.address.startsWith('127.') ? [] : [{ path: ['listen', 'auth', index], allowed: 'must be a loopback address or the path of a Unix socket' }],
  );
}

const SERVED = ['smtp', 'submission', 'submissions', 'lmtp', 'imap', 'imaps', 'pop3', 'pop3s', 'sieve', 'auth', 'http', 'https'] as const;
const TLS_AT_ONCE = ['submissions', 'imaps', 'pop3s', 'https'] as const;
