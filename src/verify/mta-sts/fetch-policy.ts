/**
 * Fetching a domain's policy over HTTPS (RFC 8461 §3.3): a certificate that checks out, status 200, text/plain, no
 * redirects, 64 KiB at most. Failures come in the words of RFC 8460 §4.3.
 */
import { MTA_STS_LIMITS } from '../../base/limits.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { StsPolicy } from '../../contract/mta-sts.ts';
import type { TlsProblem } from '../../contract/tls-policy.ts';
import { parseStsPolicy } from './policy.ts';

export type FetchedPolicy = { readonly kind: 'policy'; readonly policy: StsPolicy } | { readonly kind: 'failed'; readonly problem: TlsProblem; /** Nobody answered, which may be our own network. */ readonly unreachable?: true };

/** `port` is 443 outside of rehearsals. Rejects only with the signal's reason. */
export async function fetchStsPolicy(fetch: HttpsFetch, domain: string, port: number, signal?: AbortSignal): Promise<FetchedPolicy> {
  const host = `mta-sts.${domain}`;
  const answer = await fetch({
    host,
    port,
    path: '/.well-known/mta-sts.txt',
    bytesMax: MTA_STS_LIMITS.policyBytesMax,
    timeoutMs: MTA_STS_LIMITS.fetchTimeoutMs,
    ...(signal ? { signal } : {}),
  });
  if (answer.kind === 'failure') {
    const problem = failed(answer.reason === 'certificate' ? 'sts-webpki-invalid' : 'sts-policy-fetch-error', `https://${host}: ${answer.detail}`);
    return answer.reason === 'dns' || answer.reason === 'timeout' ? { ...problem, unreachable: true } : problem;
  }
  // RFC 8461 §3.3: a redirect (3xx) must not be followed; any status but 200 is a failure.
  if (answer.status !== 200) return failed('sts-policy-fetch-error', `https://${host} answered with status ${answer.status}`);
  if (answer.mediaType !== 'text/plain') return failed('sts-policy-invalid', `https://${host}: the policy is ${answer.mediaType || 'of no type'}, not text/plain`);
  const parsed = parseStsPolicy(answer.body.toString('utf8'));
  return parsed.kind === 'policy' ? parsed : failed('sts-policy-invalid', `the policy of ${domain} is not valid: ${parsed.detail}`);
}

function failed(failure: TlsProblem['failure'], detail: string): Extract<FetchedPolicy, { kind: 'failed' }> {
  return { kind: 'failed', problem: { failure, detail } };
}
