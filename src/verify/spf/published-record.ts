/**
 * The SPF records among the TXT records of a name, read. What a cache answers again is not read again: the reading stays
 * with the answer itself, for just as long as somebody holds that.
 */
import { isSpfRecord, parseSpfRecord, type ParsedRecord } from './record.ts';

export interface PublishedRecord {
  readonly text: string;
  readonly parsed: ParsedRecord;
}

type TxtRecords = readonly (readonly string[])[];

const READ = new WeakMap<TxtRecords, readonly PublishedRecord[]>();

/** `records` as the DNS port gives them; they never change. */
export function publishedRecords(records: TxtRecords): readonly PublishedRecord[] {
  const known = READ.get(records);
  if (known) return known;
  const read = records.map((strings) => strings.join('')).filter(isSpfRecord).map((text): PublishedRecord => ({ text, parsed: parseSpfRecord(text) }));
  READ.set(records, read);
  return read;
}
