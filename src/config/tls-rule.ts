/** Which [[tls-policy]] counts for a recipient domain. Pure. */
import type { TlsRule } from './config.ts';

/** The first that names the domain, in lower case; `.example.net` names every domain below. */
export function tlsRuleFor(rules: readonly TlsRule[], domain: string): TlsRule | undefined {
  return rules.find(({ domains }) => domains.some((name) => (name.startsWith('.') ? domain.endsWith(name) : domain === name)));
}
