/** Settings that are right alone and wrong together. */
import { SITE_PROFILES } from '../mail/sites/find-site.ts';
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
  if (listen.submissions.length > 0 && tls.certificate === undefined) say('listen.submissions', 'needs tls.certificate and tls.key: TLS begins with the first byte there');
  wrong.push(...sharedListeners(listen));
  if (queue['retry-min'] > queue['retry-max']) say('queue.retry-min', 'must not be longer than queue.retry-max');
  if (relay?.username !== undefined && relay['password-file'] === undefined) {
    say('relay.username', 'needs relay.password-file beside it');
  }
  if (relay?.['password-file'] !== undefined && relay.username === undefined) {
    say('relay.password-file', 'needs relay.username beside it');
  }
  if (relay?.username !== undefined && relay.tls !== undefined && relay.tls !== 'verify') {
    say('relay.tls', 'must be "verify" (or left out) when a user name is set: a password is sent only over verified TLS');
  }
  wrong.push(...wrongShaping(tables));
  for (const [index, { address }] of outbound.ip.entries()) {
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

/** Pools without addresses, addresses of no pool, sites that fit nothing. */
function wrongShaping({ outbound, site }: ConfigTables): WrongRelation[] {
  const pools = new Set(['default', ...outbound.pool.map(({ name }) => name)]);
  const used = new Set(outbound.ip.map(({ pool }) => pool));
  const known = new Set(['default', ...SITE_PROFILES.map(({ key }) => key)]);
  return [
    ...outbound.ip.flatMap(({ pool }, at) => (pools.has(pool) ? [] : [{ path: ['outbound', 'ip', at, 'pool'], allowed: 'must be "default" or the name of an [[outbound.pool]]' }])),
    ...outbound.pool.flatMap(({ name }, at) => (used.has(name) ? [] : [{ path: ['outbound', 'pool', at, 'name'], allowed: 'has no address: at least one [[outbound.ip]] must name this pool' }])),
    ...outbound.fallback.flatMap((fallback, at) => (fallback.username !== undefined && fallback['password-file'] === undefined ? [{ path: ['outbound', 'fallback', at, 'username'], allowed: 'needs password-file beside it' }] : [])),
    ...outbound.fallback.flatMap(({ username, tls }, at) => (username !== undefined && tls !== undefined && tls !== 'verify' ? [{ path: ['outbound', 'fallback', at, 'tls'], allowed: 'must be "verify" (or left out) when a user name is set: a password is sent only over verified TLS' }] : [])),
    ...site.flatMap(({ key, mx }, at) => (mx.length === 0 && !known.has(key) ? [{ path: ['site', at, 'key'], allowed: 'is no known site: say with mx = [".example.net"] which hosts it has' }] : [])),
    ...site.flatMap((row, at) => ((row['retry-min'] === undefined) === (row['retry-max'] === undefined) ? [] : [{ path: ['site', at, 'key'], allowed: 'needs retry-min and retry-max together, or neither' }])),
    ...site.flatMap((row, at) => ((row['retry-min'] ?? 0) > (row['retry-max'] ?? Infinity) ? [{ path: ['site', at, 'retry-min'], allowed: 'must not be longer than retry-max' }] : [])),
  ];
}

/** An address that two services want; the second would find it taken by ourselves, which is hard to guess from the error. */
function sharedListeners(listen: ConfigTables['listen']): WrongRelation[] {
  const owners = new Map<string, string>();
  return SERVED.flatMap((service) =>
    listen[service].flatMap(({ address, port }, index) => {
      const where = `${address} ${port}`;
      const owner = owners.get(where);
      owners.set(where, owner ?? service);
      return owner === undefined ? [] : [{ path: ['listen', service, index], allowed: `is the same address and port as one of listen.${owner}` }];
    }),
  );
}

const SERVED = ['smtp', 'submission', 'submissions'] as const;
