/** Settings that are right alone and wrong together. */
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
  for (const [index, { address }] of outbound.ip.entries()) {
    const protocol = address.includes(':') ? 'ipv6' : 'ipv4';
    if (!outbound.protocols.includes(protocol)) {
      wrong.push({
        path: ['outbound', 'ip', index, 'address'],
        allowed: `is never used: outbound.protocols has no "${protocol}"`,
      });
    }
  }
  return wrong;
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
