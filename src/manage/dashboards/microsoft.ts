/**
 * Microsoft SNDS, automated data access: how Outlook.com's filter judged the mail of each of our addresses, and which are
 * blocked. Two lists of comma-separated values, addressed with a key (sendersupport.olc.protection.outlook.com/snds/FAQ.aspx
 * and the readers that others published, looked up 2026-11).
 *
 * Policy: Microsoft changed the service in 2026 and documents no columns, so that only the address has a fixed place; colour
 * and complaint rate are known by their form, trap hits by the old table of 14 columns. What cannot be read is left out.
 */
import { isIP } from 'node:net';
import { parseCsv } from '../../base/csv.ts';
import { DASHBOARD_LIMITS } from '../../base/report-limits.ts';
import type { DashboardConfig } from '../../config/dashboard-settings.ts';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import { ask, dashboardFailure, readSecretFile, type DashboardPorts, type DashboardReading, type ReadDashboard } from './adapter.ts';

type Microsoft = Extract<DashboardConfig, { provider: 'microsoft' }>;

/** The table as it was for years: address, begin, end, RCPT, DATA, recipients, colour, complaints, trap from, trap to, trap hits … */
const OLD_COLUMNS = 11;
const OLD_MESSAGES = 4;
const OLD_TRAP_HITS = 10;
const OK = 200;
const NO_CONTENT = 204;

export function readMicrosoft({ keyFile, url }: Microsoft): ReadDashboard {
  return async (ports) => {
    const key = await readSecretFile(keyFile);
    if (key === '') throw dashboardFailure(`${keyFile} is empty: put the key of SNDS’s automated data access into it`);
    const data = sndsFigures(await list(ports, url, 'data.aspx', key), ports.now);
    const { blocked, problem } = await blockedRanges(ports, url, key);
    const known = data.map((one) => ({ ...one, ...reasonOf(blocked, one.subject) }));
    const seen = new Set(known.map(({ subject }) => subject));
    // An address that is blocked sends so little that there are no figures of it.
    const silent = [...ports.addresses, ...blocked.filter(({ first, last }) => first === last).map(({ address }) => address)].filter((address) => !seen.has(address));
    const blockedOnly = [...new Set(silent)].map((subject): DashboardFigures => ({ provider: 'microsoft', subject, day: dayOf(undefined, ports.now), ...reasonOf(blocked, subject) })).filter((one) => one.blocked !== undefined);
    return { figures: [...known, ...blockedOnly], problems: problem === undefined ? [] : [problem] } satisfies DashboardReading;
  };
}

async function list(ports: DashboardPorts, base: string, page: string, key: string): Promise<string> {
  const url = new URL(`${base}/${page}`);
  url.searchParams.set('key', key);
  const { status, body, mediaType } = await ask(ports, { url, accept: 'text/csv, text/plain' });
  if (status === NO_CONTENT) return '';
  if (status !== OK) throw dashboardFailure(`SNDS answered HTTP ${status}: the key has ended, or there is nothing for today; look at https://sendersupport.olc.protection.outlook.com/snds/ and make a new one under "Automated Data Access"`);
  if (mediaType === 'text/html') throw dashboardFailure('SNDS answered with a page for people: the key is not accepted; make a new one at https://sendersupport.olc.protection.outlook.com/snds/ under "Automated Data Access"');
  return body.toString();
}

interface BlockedRange {
  /** The first. */
  readonly address: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly reason: string;
}

/** The figures are worth something without it. */
async function blockedRanges(ports: DashboardPorts, base: string, key: string): Promise<{ readonly blocked: readonly BlockedRange[]; readonly problem?: string }> {
  try {
    return { blocked: sndsBlocked(await list(ports, base, 'ipStatus.aspx', key)) };
  } catch (error) {
    if (ports.signal.aborted) throw error;
    return { blocked: [], problem: `which addresses are blocked is not known: ${(error as Error).message}` };
  }
}

/** The rows of data.aspx. Exported for tests, as the one below. */
export function sndsFigures(csv: string, now: number): readonly DashboardFigures[] {
  return parseCsv(csv).slice(0, DASHBOARD_LIMITS.addressesMax).flatMap((cells): DashboardFigures[] => {
    const row = cells.map((cell) => cell.trim());
    const subject = row[0] ?? '';
    if (isIP(subject) === 0) return [];
    const colour = row.find((cell) => /^(?:green|yellow|red)$/i.test(cell))?.toLowerCase() as DashboardFigures['colour'];
    const spamRate = shareOf(row.find((cell) => /^<?\s*\d{1,3}(?:\.\d{1,4})?\s*%$/.test(cell)));
    const old = row.length >= OLD_COLUMNS;
    const messages = old ? countOf(row[OLD_MESSAGES]) : undefined;
    const trapHits = old ? countOf(row[OLD_TRAP_HITS]) : undefined;
    return [{
      provider: 'microsoft',
      subject,
      day: dayOf(old ? row[1] : undefined, now),
      ...(colour && { colour }),
      ...(spamRate === undefined ? {} : { spamRate }),
      ...(messages === undefined ? {} : { messages }),
      ...(trapHits === undefined ? {} : { trapHits }),
    }];
  });
}

/** The rows of ipStatus.aspx: first address, last address, Yes, why. */
export function sndsBlocked(csv: string): readonly BlockedRange[] {
  return parseCsv(csv).slice(0, DASHBOARD_LIMITS.addressesMax).flatMap(([first = '', last = '', blocked = '', reason = '']) => {
    const [from, to] = [ipv4(first.trim()), ipv4(last.trim())];
    return from !== undefined && to !== undefined && /^yes$/i.test(blocked.trim()) ? [{ address: first.trim(), first: from, last: to, reason: reason.trim().slice(0, 200) || 'blocked' }] : [];
  });
}

function reasonOf(blocked: readonly BlockedRange[], address: string): { readonly blocked?: string } {
  const value = ipv4(address);
  const range = value === undefined ? undefined : blocked.find(({ first, last }) => first <= value && value <= last);
  return range ? { blocked: range.reason } : {};
}

function ipv4(address: string): bigint | undefined {
  return isIP(address) === 4 ? address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) : undefined;
}

/** `< 0.1%` is told as 0.001: the most that it can be. */
function shareOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text.replace(/[<%\s]/g, '')) / 100;
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}

/** `12/31/2025 10:00 AM`, American; else today. */
function dayOf(text: string | undefined, now: number): string {
  const match = /^(\d{1,2})\/(\d{1,2})\/(\d{4})\b/.exec(text ?? '');
  return match ? `${match[3]}-${match[1]?.padStart(2, '0')}-${match[2]?.padStart(2, '0')}` : new Date(now).toISOString().slice(0, 10);
}
