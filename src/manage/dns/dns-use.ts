/** Does a domain use this server for its mail? Its MX says so. */
import { Failure } from '../../base/errors.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { publicAddresses } from './dns.ts';
import type { ManageContext } from '../verb.ts';

/** Why it is left alone; undefined: its MX leads here, or it has none yet. Rejects with a temporary Failure `dns-unknown`. */
export async function mailGoesElsewhere({ dns, config }: Pick<ManageContext, 'dns' | 'config'>, domain: string): Promise<string | undefined> {
  const answer = await dns.query(domain, 'MX');
  if (answer.kind === 'failure') throw new Failure('dns-unknown', `the look-up of its MX failed (${answer.reason}), so nobody knows whether its mail comes here; try again later`);
  if (answer.kind !== 'found') return undefined;
  const exchanges = answer.records.map(({ exchange }) => exchange.toLowerCase());
  const ours = publicAddresses(config);
  const names = new Set([domainKey(config.hostname), ...ours.flatMap(({ helo }) => (helo === undefined ? [] : [domainKey(helo)]))]);
  if (exchanges.some((exchange) => names.has(exchange))) return undefined;
  const addresses = new Set(ours.map(({ address }) => address.toLowerCase()));
  const found = await Promise.all(exchanges.filter((exchange) => exchange !== '').slice(0, EXCHANGES_ASKED_MAX).flatMap((exchange) => [dns.query(exchange, 'A'), dns.query(exchange, 'AAAA')]));
  if (found.some((each) => each.kind === 'found' && each.records.some((address) => addresses.has(address)))) return undefined;
  const where = exchanges.every((exchange) => exchange === '') ? 'its MX record says that it takes no mail' : `its mail goes to ${exchanges.join(', ')}, not to this server`;
  return `${where}, so nothing is changed; if its mail is to come here, or it only sends from here, say so with: posthorn dns policy ${domain} --use mail (or --use send-only)`;
}

const EXCHANGES_ASKED_MAX = 5;
