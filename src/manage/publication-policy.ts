/** The policy that the records of a domain are made from. */
import { DEFAULT_DNS_POLICY, type DnsPolicyConfig } from '../config/dns-config.ts';
import type { ManageContext } from './verb.ts';

export async function publicationPolicyOf({ config }: Pick<ManageContext, 'store' | 'config'>, _domain: string): Promise<DnsPolicyConfig> {
  return config.dns.policy ?? DEFAULT_DNS_POLICY;
}
