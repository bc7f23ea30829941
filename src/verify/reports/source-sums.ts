/** Rows of an aggregate report added up by source and From domain, in bounded memory. */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { DmarcReportSource, DmarcRow } from '../../contract/reports.ts';

/** The source of what is beyond the limit. */
export const OTHER_SOURCES = 'others';

type Sum = { -readonly [K in keyof DmarcReportSource]: DmarcReportSource[K] } & { seenDomains: string[] };

/** Words of `type` that say: it came by way of somebody else (RFC 9990 §3.1.1.10, RFC 7489 appendix C). */
const FORWARDED: ReadonlySet<string> = new Set(['forwarded', 'trusted_forwarder', 'mailing_list']);

export class SourceSums {
  readonly #sums = new Map<string, Sum>();
  #messages = 0;

  get messages(): number {
    return this.#messages;
  }

  add(row: DmarcRow): void {
    const sum = this.#sumOf(row);
    const { count } = row;
    this.#messages += count;
    sum.count += count;
    if (row.dkimAligned) sum.dkimAligned += count;
    if (row.spfAligned) sum.spfAligned += count;
    if (row.dkimAligned || row.spfAligned) sum.passed += count;
    else if ([...row.dkim, ...row.spf].some(({ result }) => result === 'pass')) sum.authenticatedElsewhere += count;
    if (row.overrides.some(({ type }) => FORWARDED.has(type))) sum.forwarded += count;
    if (row.disposition === 'reject') sum.rejected += count;
    if (row.disposition === 'quarantine') sum.quarantined += count;
    for (const { domain, result } of [...row.dkim, ...row.spf]) {
      if (result === 'pass' && sum.seenDomains.length < REPORT_IN_LIMITS.seenDomainsMax && !sum.seenDomains.includes(domain)) sum.seenDomains.push(domain);
    }
  }

  /** Most mail first. */
  sources(): DmarcReportSource[] {
    return [...this.#sums.values()].sort((a, b) => b.count - a.count);
  }

  #sumOf({ sourceIp, headerFrom }: DmarcRow): Sum {
    const key = `${sourceIp} ${headerFrom}`;
    const known = this.#sums.get(key);
    if (known) return known;
    if (this.#sums.size >= REPORT_IN_LIMITS.sourcesMax) return this.#sums.get(OTHER_SOURCES) ?? this.#open(OTHER_SOURCES, OTHER_SOURCES, '');
    return this.#open(key, sourceIp, headerFrom);
  }

  #open(key: string, sourceIp: string, headerFrom: string): Sum {
    const sum = { sourceIp, headerFrom, count: 0, passed: 0, dkimAligned: 0, spfAligned: 0, authenticatedElsewhere: 0, forwarded: 0, rejected: 0, quarantined: 0, seenDomains: [] };
    this.#sums.set(key, sum);
    return sum;
  }
}
