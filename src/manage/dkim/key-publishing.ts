/**
 * Records of DKIM keys as the server publishes and withdraws them by itself while a key is changed: only where a
 * [[dns.provider]] hosts the zone, only the names that are asked for, and with the same guards and the same memory as
 * `dns apply`, so that `dns history` shows it and `dns undo` takes it back ([dkim] publish, docs/decisions/0273).
 */
import { Failure } from '../../base/errors.ts';
import { isChange } from '../../publish/plan.ts';
import { applyItems } from '../dns/dns-applying.ts';
import { planNames } from '../dns/dns-planning.ts';
import type { ManageContext } from '../verb.ts';

export type KeyPublishing =
  /** The provider has what is wanted; its name servers may need a while. */
  | { readonly kind: 'in-place' }
  /** It is not for us to publish: switched off, or no provider of ours hosts the zone. */
  | { readonly kind: 'by-hand' }
  /** `detail`: for people. */
  | { readonly kind: 'failed'; readonly detail: string };

export type PublishingContext = Pick<ManageContext, 'store' | 'config' | 'dns' | 'clock' | 'log' | 'publishing'>;

/** Compares what stands at `selector` with the keys that are stored, and makes it so. Never rejects for what providers do. */
export async function publishKeyRecord(context: PublishingContext, domain: string, selector: string): Promise<KeyPublishing> {
  const { config, publishing, log } = context;
  if (config.dkim.publish === false || !publishing || (config.dns.providers ?? []).length === 0) return { kind: 'by-hand' };
  try {
    const items = await planNames(context, domain, [`${selector}._domainkey.${domain}`]);
    if (items.length === 0 || items.some(({ action, provider }) => action === 'by-hand' || provider === undefined)) return unhosted(items.find(({ action }) => action === 'unknown')?.reason);
    const stuck = items.find(({ action }) => action === 'unknown' || action === 'blocked');
    if (stuck) return { kind: 'failed', detail: stuck.reason };
    const done = await applyItems(context, 'key change', items.filter(isChange));
    const failed = done.find(({ outcome }) => outcome !== 'applied');
    return failed ? { kind: 'failed', detail: `${failed.provider}: ${failed.detail}` } : { kind: 'in-place' };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn('dkim.publishing-failed', { domain, selector, error: error.message });
    return { kind: 'failed', detail: error.message };
  }
}

function unhosted(unknown: string | undefined): KeyPublishing {
  return unknown === undefined ? { kind: 'by-hand' } : { kind: 'failed', detail: unknown };
}
