/** The MTA-STS policy of a provider's domains, as the weather has it, and its id in DNS. Pure. */
import { createHash } from 'node:crypto';
import type { ProviderProfile } from './providers/profile.ts';
import type { Weather } from './scenarios.ts';

const ID_CHARS = 20;

/** Undefined for a provider that publishes none. */
export function publishedPolicy({ name, mtaSts, mxHost }: ProviderProfile, weather: Weather): string | undefined {
  if (!mtaSts) return undefined;
  const mx = weather.active('mta-sts-mx-mismatch', name) ? `elsewhere.${mxHost}` : mxHost;
  return `version: STSv1\r\nmode: ${mtaSts.mode}\r\nmx: ${mx}\r\nmax_age: ${mtaSts.maxAgeSeconds}\r\n`;
}

/** RFC 8461 §3.1: it changes whenever the policy does. */
export function policyId(policy: string): string {
  return createHash('sha256').update(policy).digest('hex').slice(0, ID_CHARS);
}
