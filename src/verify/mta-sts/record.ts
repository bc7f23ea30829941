/** The TXT record at `_mta-sts.DOMAIN`, which says that there is a policy and when it changed (RFC 8461 §3.1). Pure. */
import type { RecordData } from '../../contract/dns.ts';

export type StsRecord =
  | { readonly kind: 'record'; readonly id: string }
  | { readonly kind: 'none' }
  /** There is something, but not a record that counts: as if there were none. */
  | { readonly kind: 'invalid'; readonly detail: string };

export function readStsRecord(records: readonly RecordData['TXT'][]): StsRecord {
  const texts = records.map((strings) => strings.join('')).filter((text) => /^v=STSv1[ \t]*(?:;|$)/.test(text));
  if (texts.length === 0) return { kind: 'none' };
  // RFC 8461 §3.1: with more than one, senders assume that there is no policy.
  if (texts.length > 1) return { kind: 'invalid', detail: 'there is more than one v=STSv1 record' };
  const fields = (texts[0] as string).split(';').slice(1).map((field) => field.trim());
  const id = fields.find((field) => field.startsWith('id='))?.slice(3);
  if (id === undefined || !/^[A-Za-z0-9]{1,32}$/.test(id)) return { kind: 'invalid', detail: 'the record has no id of 1 to 32 letters and digits' };
  return { kind: 'record', id };
}
