/** Where mail of this server leaves from. */
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { SendingAddress } from '../../doctor/check.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { publicAddresses } from '../dns/dns.ts';
import type { DoctorFacts } from './doctor-facts.ts';

/** The first address; undefined where nobody knows. */
export async function sendingSource(config: Config, dns: Dns): Promise<SendingAddress | undefined> {
  const hostname = domainKey(config.hostname);
  const addresses = publicAddresses(config).map(({ address, helo }) => ({ address, helo: helo ?? hostname }));
  const [source] = await ownAddresses({ dns }, { addresses, hostname });
  return source;
}

/** Behind NAT the machine does not know its public address: that of its host name is the best guess. */
export async function ownAddresses({ dns }: { readonly dns: Dns }, { addresses, hostname }: Pick<DoctorFacts, 'addresses' | 'hostname'>): Promise<readonly SendingAddress[]> {
  if (addresses.length > 0) return addresses;
  const [v4, v6] = await Promise.all([dns.query(hostname, 'A'), dns.query(hostname, 'AAAA')]);
  return [...(v4.kind === 'found' ? v4.records : []), ...(v6.kind === 'found' ? v6.records : [])].map((address) => ({ address, helo: hostname }));
}
