/** A shaper that knows nothing: so many deliveries at once to each site, no rates, nothing learnt. For tests and tools. */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { Permit } from '../../contract/sending.ts';
import type { Admission, SendRequest, Shaper } from '../../contract/shaper.ts';

export interface OpenShaperOptions {
  /** Deliveries at once to one site. Default QUEUE_LIMITS.deliveriesPerDestinationMax. */
  readonly placesPerSite?: number;
  /** Default IPv6 first. */
  readonly protocols?: Permit['protocols'];
}

export function createOpenShaper({ placesPerSite = QUEUE_LIMITS.deliveriesPerDestinationMax, protocols = ['ipv6', 'ipv4'] }: OpenShaperOptions = {}): Shaper {
  const inFlight = new Map<string, number>();
  const listeners: ((siteKey: string | undefined) => void)[] = [];
  const preview = ({ site, dkimDomain }: SendRequest): Admission => {
    if ((inFlight.get(site.key) ?? 0) >= placesPerSite) {
      return { kind: 'wait', concerns: 'site', rule: 'site-connections', reason: `${placesPerSite} deliveries to ${site.title} are under way; the next goes when one of them ends.` };
    }
    return { kind: 'go', permit: { site, lane: { source: '', site: site.key, dkimDomain }, sources: [], protocols, messagesPerConnectionMax: 100, tlsRequired: false } };
  };
  return {
    preview,
    admit(request) {
      const answer = preview(request);
      if (answer.kind === 'go') inFlight.set(request.site.key, (inFlight.get(request.site.key) ?? 0) + 1);
      return answer;
    },
    finish({ site }, results) {
      const left = (inFlight.get(site.key) ?? 0) - 1;
      if (left > 0) inFlight.set(site.key, left);
      else inFlight.delete(site.key);
      for (const listener of listeners) listener(site.key);
      return results;
    },
    onRoom: (listener) => void listeners.push(listener),
    retryOf: () => undefined,
  };
}
