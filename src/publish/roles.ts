/**
 * What a record is there for. Where only one record of a role may stand (two SPF records are an error), a foreign one is in
 * the way of ours; where many may, ours joins it.
 */
import type { PublishableType } from '../contract/dns-publishing.ts';
import { txtContent } from './record-text.ts';

export type Role = 'spf' | 'dkim' | 'dmarc' | 'mta-sts' | 'tls-reports' | 'bimi' | 'mail-route' | 'address' | 'alias' | 'service' | 'caa' | 'tlsa' | 'other';

/** Of which a name has one record at most. */
const ALONE: ReadonlySet<Role> = new Set(['spf', 'dkim', 'dmarc', 'mta-sts', 'tls-reports', 'bimi', 'alias']);

const BY_TYPE: Partial<Record<PublishableType, Role>> = { A: 'address', AAAA: 'address', CNAME: 'alias', MX: 'mail-route', SRV: 'service', CAA: 'caa', TLSA: 'tlsa' };

export function roleOf(name: string, type: PublishableType, value: string): Role {
  if (type !== 'TXT') return BY_TYPE[type] ?? 'other';
  const text = txtContent(value);
  if (/^v=spf1(?: |$)/i.test(text)) return 'spf';
  if (/^v\s*=\s*DMARC1\b/i.test(text) && name.startsWith('_dmarc.')) return 'dmarc';
  // RFC 6376 §3.6.1: v= may be left out.
  if (name.includes('._domainkey.')) return /(?:^|;)\s*[vkp]\s*=/i.test(text) ? 'dkim' : 'other';
  if (/^v=STSv1\b/.test(text) && name.startsWith('_mta-sts.')) return 'mta-sts';
  if (/^v=TLSRPTv1\b/.test(text) && name.startsWith('_smtp._tls.')) return 'tls-reports';
  if (/^v\s*=\s*BIMI1\b/i.test(text) && name.includes('._bimi.')) return 'bimi';
  return 'other';
}

export function standsAlone(role: Role): boolean {
  return ALONE.has(role);
}
