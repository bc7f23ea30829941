/**
 * When does an ARC chain override a DMARC failure (RFC 8617 §7.2.1)? Anybody can seal anything, so only what trusted
 * sealers say counts, and only while everybody who handled the message after them is trusted too.
 */
import type { AuthReport } from '../../contract/auth-report.ts';
import { parseAuthenticationResults } from '../../mail/authentication-results.ts';

/** The domain of the trusted sealer that saw DMARC pass for this author; undefined when there is none. */
export function trustedSealerThatPassed(report: AuthReport, trustedSealers: readonly string[]): string | undefined {
  const { arc, dmarc } = report;
  if (arc.cv !== 'pass' || trustedSealers.length === 0) return undefined;
  const trusted = new Set(trustedSealers.map((domain) => domain.toLowerCase()));
  for (const set of (arc.sets ?? []).toReversed()) {
    if (!trusted.has(set.sealer)) return undefined;
    if (saysDmarcPassed(set.results, dmarc.fromDomain)) return set.sealer;
  }
  return undefined;
}

function saysDmarcPassed(results: string, fromDomain: string | undefined): boolean {
  const parsed = parseAuthenticationResults(results);
  return (
    parsed?.results.some(({ method, result, properties = [] }) => {
      if (method !== 'dmarc' || result !== 'pass') return false;
      const from = properties.find(({ type, property }) => type === 'header' && property === 'from');
      // Without header.from, or with another one after a rewrite, the pass was not this author's.
      return from !== undefined && from.value.toLowerCase() === fromDomain;
    }) ?? false
  );
}
