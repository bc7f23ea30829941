/**
 * DMARC aggregate reports as XML (RFC 9990 §3.1 and the older RFC 7489 appendix C), row by row in bounded memory: the rows
 * are added up by source and From domain.
 *
 * Policy: reporters are sloppy, and what can be understood is: missing optional elements, other spellings of words, names
 * in any case, foreign namespaces, times in milliseconds or as dates. A row without an address, a domain or a believable
 * count is left out and counted. A report without a domain, an id or a time is none.
 */
import { isIP } from 'node:net';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { DmarcReportHead, DmarcReportSource, DmarcRow } from '../../contract/reports.ts';
import { normalizeDomain } from '../../mail/address.ts';
import { canonicalAddress } from './canonical-address.ts';
import { SourceSums } from './source-sums.ts';
import { UnreadableReport } from './unpack.ts';
import { readLeaves, type LeafHandler } from './xml-leaves.ts';

export interface DmarcReading {
  readonly head: DmarcReportHead;
  readonly sources: readonly DmarcReportSource[];
  readonly rows: number;
  readonly messages: number;
  /** Rows that say nothing believable. */
  readonly skipped: number;
}

/** Rejects with UnreadableReport. */
export async function readDmarcXml(chunks: AsyncIterable<Buffer>): Promise<DmarcReading> {
  const document = new DmarcDocument();
  await readLeaves(chunks, document);
  return document.reading();
}

type Draft<T> = { -readonly [K in keyof T]?: T[K] };
type AuthResult = { domain: string; selector?: string; scope: 'mfrom' | 'helo'; result: string };

class DmarcDocument implements LeafHandler {
  readonly #sums = new SourceSums();
  readonly #head: Record<string, string> = {};
  #row: Record<string, string> = {};
  #reasons: { type: string; comment: string }[] = [];
  #dkim: AuthResult[] = [];
  #spf: AuthResult[] = [];
  #auth: Draft<AuthResult> = {};
  #reason: Draft<{ type: string; comment: string }> = {};
  #rows = 0;
  #skipped = 0;
  #isFeedback = false;

  begin(name: string, parent: string): void {
    if (parent === '') {
      if (name !== 'feedback') throw new UnreadableReport(`it is an XML file, but no DMARC report: it begins with <${name.slice(0, 40)}>`);
      this.#isFeedback = true;
    } else if (name === 'record') this.#clearRow();
    else if (parent === 'auth_results') this.#auth = {};
    else if (name === 'reason') this.#reason = {};
  }

  end(name: string, parent: string, text: string): void {
    switch (parent) {
      case 'feedback':
        if (name === 'record') this.#endRow();
        break;
      case 'report_metadata':
      case 'date_range':
      case 'policy_published':
        if (text !== '') this.#head[`${parent === 'policy_published' ? 'policy.' : ''}${name}`] ??= text;
        break;
      case 'row':
      case 'identifiers':
      case 'policy_evaluated':
        if (name === 'reason') this.#endReason();
        else if (text !== '') this.#row[`${parent}.${name}`] ??= text;
        break;
      case 'reason':
        if (name === 'type' || name === 'comment') this.#reason[name] = text;
        break;
      case 'auth_results':
        this.#endAuth(name);
        break;
      case 'dkim':
      case 'spf':
        this.#authLeaf(name, text);
    }
  }

  reading(): DmarcReading {
    if (!this.#isFeedback) throw new UnreadableReport('it is no XML document');
    return { head: this.#readHead(), sources: this.#sums.sources(), messages: this.#sums.messages, rows: this.#rows, skipped: this.#skipped };
  }

  #readHead(): DmarcReportHead {
    const head = this.#head;
    const domain = domainText(head['policy.domain'] ?? '');
    const begin = timeOf(head.begin);
    const end = timeOf(head.end);
    if (domain === undefined) throw new UnreadableReport('the report does not say which domain it is about');
    if (head.report_id === undefined) throw new UnreadableReport('the report has no id');
    if (begin === undefined || end === undefined || begin > end) throw new UnreadableReport('the report does not say from when to when it is');
    const testing = head['policy.testing']?.toLowerCase();
    return {
      reporter: (head.org_name ?? head.email ?? '').slice(0, 200), reporterEmail: (head.email ?? '').slice(0, 320), reportId: head.report_id.slice(0, 256),
      begin, end, domain,
      policy: {
        p: word(head['policy.p']) || 'none',
        ...present('sp', word(head['policy.sp'])), ...present('np', word(head['policy.np'])),
        ...present('adkim', word(head['policy.adkim'])), ...present('aspf', word(head['policy.aspf'])),
        ...(testing === undefined ? {} : { testing: testing === 'y' }),
      },
    };
  }

  #clearRow(): void {
    this.#row = {};
    this.#reasons = [];
    this.#dkim = [];
    this.#spf = [];
  }

  #endReason(): void {
    const { type = '', comment = '' } = this.#reason;
    if (this.#reasons.length < 5) this.#reasons.push({ type: word(type), comment });
  }

  #authLeaf(name: string, text: string): void {
    if (name === 'domain') this.#auth.domain = domainText(text) ?? '';
    else if (name === 'selector') this.#auth.selector = text.slice(0, 100);
    else if (name === 'scope') this.#auth.scope = word(text) === 'helo' ? 'helo' : 'mfrom';
    else if (name === 'result') this.#auth.result = word(text);
  }

  #endAuth(name: string): void {
    const { domain = '', scope = 'mfrom', result = 'none', selector } = this.#auth;
    const list = name === 'dkim' ? this.#dkim : name === 'spf' ? this.#spf : undefined;
    if (list && domain !== '' && list.length < 20) list.push({ domain, scope, result, ...(selector !== undefined && { selector }) });
  }

  #endRow(): void {
    this.#rows += 1;
    if (this.#rows > REPORT_IN_LIMITS.rowsMax) throw new UnreadableReport(`the report has more than ${REPORT_IN_LIMITS.rowsMax} rows`);
    const row = this.#readRow();
    if (row) this.#sums.add(row);
    else this.#skipped += 1;
  }

  #readRow(): DmarcRow | undefined {
    const row = this.#row;
    const sourceIp = row['row.source_ip'] ?? '';
    const headerFrom = domainText(row['identifiers.header_from'] ?? this.#head['policy.domain'] ?? '');
    const count = row['row.count'] === undefined ? 1 : /^\d{1,15}$/.test(row['row.count']) ? Number(row['row.count']) : Number.NaN;
    if (isIP(sourceIp) === 0 || headerFrom === undefined || !Number.isSafeInteger(count) || count < 1 || count > REPORT_IN_LIMITS.rowMessagesMax) return undefined;
    const envelopeFrom = domainText(row['identifiers.envelope_from'] ?? '');
    const envelopeTo = domainText(row['identifiers.envelope_to'] ?? '');
    return {
      sourceIp: canonicalAddress(sourceIp), count, headerFrom,
      disposition: dispositionOf(row['policy_evaluated.disposition']),
      dkimAligned: alignedOf(row['policy_evaluated.dkim'], this.#dkim, headerFrom),
      spfAligned: alignedOf(row['policy_evaluated.spf'], this.#spf, headerFrom),
      overrides: this.#reasons,
      ...(envelopeFrom !== undefined && { envelopeFrom }), ...(envelopeTo !== undefined && { envelopeTo }),
      dkim: this.#dkim.map(({ domain, selector, result }) => ({ domain, result, ...(selector !== undefined && { selector }) })),
      spf: this.#spf.map(({ domain, scope, result }) => ({ domain, scope, result })),
    };
  }
}

/** What the receiver says; where it says nothing, as the results look: relaxed, of the domain itself or one above or below. */
function alignedOf(said: string | undefined, results: readonly AuthResult[], from: string): boolean {
  if (said !== undefined) return word(said) === 'pass';
  return results.some(({ domain, result }) => result === 'pass' && (domain === from || from.endsWith(`.${domain}`) || domain.endsWith(`.${from}`)));
}

function dispositionOf(text: string | undefined): DmarcRow['disposition'] {
  const said = word(text);
  return said === 'pass' || said === 'quarantine' || said === 'reject' ? said : 'none';
}

function word(text: string | undefined): string {
  return (text ?? '').trim().toLowerCase().slice(0, 40);
}

function present<K extends string>(key: K, value: string): { readonly [P in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { [P in K]: string });
}

/** Undefined: no domain name. */
function domainText(text: string): string | undefined {
  const name = text.trim().replace(/\.$/, '');
  if (name === '' || name.length > 253 || /[\s\p{Cc}<>@,;"]/u.test(name)) return undefined;
  return normalizeDomain(name) || undefined;
}

/** Seconds since 1970 as the RFC has it; milliseconds and dates as some have it. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,16}(?:\.\d+)?$/.test(text) ? Math.floor(Number(text)) : Number.NaN;
  const at = Number.isNaN(number) ? Date.parse(text) : number > 1e11 ? number : number * 1000;
  return Number.isFinite(at) && at >= 0 && at < 1e14 ? at : undefined;
}
