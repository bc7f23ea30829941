/** The zone that a name is in: the closest name above it, or itself, that has name servers. */
import type { Dns } from '../../../contract/dns.ts';

export interface ZoneApex {
  readonly zone: string;
  readonly nameServers: readonly string[];
}

/** `unknown`: nobody could tell. */
export async function zoneApex(dns: Dns, name: string): Promise<ZoneApex | 'none' | 'unknown'> {
  for (let zone = name; zone.includes('.'); zone = zone.slice(zone.indexOf('.') + 1)) {
    const answer = await dns.query(zone, 'NS');
    if (answer.kind === 'failure') return 'unknown';
    if (answer.kind === 'found') return { zone, nameServers: answer.records };
  }
  return 'none';
}
