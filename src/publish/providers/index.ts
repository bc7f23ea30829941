/** The kinds of DNS provider, by the `type` of [[dns.provider]] (config/dns-settings.ts has their settings). */
import { createCloudflare } from './cloudflare.ts';
import { createDesec } from './desec.ts';
import { createDigitalOcean } from './digitalocean.ts';
import { createGandi } from './gandi.ts';
import { createHetzner } from './hetzner.ts';
import { createLinode } from './linode.ts';
import { createOvh } from './ovh.ts';
import { createRfc2136Provider } from '../rfc2136/provider.ts';
import { createPowerDns } from './powerdns.ts';
import type { ProviderFactory } from './provider-type.ts';
import { createRoute53 } from './route53.ts';

export const PROVIDER_TYPES: Readonly<Record<string, ProviderFactory>> = {
  rfc2136: createRfc2136Provider,
  powerdns: createPowerDns,
  cloudflare: createCloudflare,
  desec: createDesec,
  digitalocean: createDigitalOcean,
  gandi: createGandi,
  hetzner: createHetzner,
  linode: createLinode,
  ovh: createOvh,
  route53: createRoute53,
};
