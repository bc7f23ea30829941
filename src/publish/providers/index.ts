/** The kinds of DNS provider, by the `type` of [[dns.provider]] (config/dns-settings.ts has their settings). */
import type { ProviderFactory } from './provider-type.ts';

export const PROVIDER_TYPES: Readonly<Record<string, ProviderFactory>> = {
};
