/**
 * A Dns port over a table, for tests of pure modules: `{'example.org': {A: ['192.0.2.1'], TXT: ['v=spf1 -all']}}`.
 * A TXT entry is one string or the list of its character-strings; 'FAIL' as the value of a type is SERVFAIL.
 */
import type { Dns, DnsAnswer, RecordData, RecordType } from '../../src/contract/dns.ts';

export type ZoneEntry = {
  readonly [T in RecordType]?: readonly (T extends 'TXT' ? string | readonly string[] : RecordData[T])[] | 'FAIL';
};
export type Zone = Readonly<Record<string, ZoneEntry | 'FAIL'>>;

export interface ZoneDns extends Dns {
  /** `TYPE name`, in order. */
  readonly asked: string[];
}

export function createZoneDns(zone: Zone): ZoneDns {
  const asked: string[] = [];
  const names = Object.keys(zone);
  return {
    asked,
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      asked.push(`${type} ${name}`);
      const key = name.toLowerCase();
      const entry = zone[key];
      const records = entry === 'FAIL' ? 'FAIL' : entry?.[type];
      if (records === 'FAIL') return { kind: 'failure', reason: 'servfail', detail: 'the table says so' };
      if (records === undefined || records.length === 0) {
        // A name exists as soon as one below it does (RFC 8020).
        const exists = entry !== undefined || names.some((other) => other.endsWith(`.${key}`));
        return { kind: exists ? 'nodata' : 'nxdomain', secure: false };
      }
      const data = (type === 'TXT' ? records.map((text) => (Array.isArray(text) ? text : [text])) : records) as RecordData[T][];
      return { kind: 'found', records: data, ttlSeconds: 300, secure: false, canonicalName: key };
    },
  };
}
