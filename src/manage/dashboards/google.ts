/**
 * Google Postmaster Tools, API v2: the spam rate by day (`domainStats:query`) and which requirements for senders are met
 * (`complianceStatus`). Shapes from developers.google.com/workspace/gmail/postmaster/reference/rest/v2, looked up 2026-11.
 * Google tells nothing about days on which too few people got mail, and reports no reputation any more.
 */
import { DASHBOARD_LIMITS } from '../../base/report-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { DashboardConfig } from '../../config/dashboard-settings.ts';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import { ask, dashboardFailure, jsonObject, type DashboardPorts, type DashboardReading, type ReadDashboard } from './adapter.ts';
import { googleToken, POSTMASTER_SCOPE } from './google-login.ts';

type Google = Extract<DashboardConfig, { provider: 'google' }>;

const DAY_MS = 86_400_000;
const METRIC = 'spam_rate';
const PAGE_SIZE = 200;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const NOT_FOUND = 404;
const TOO_MANY = 429;

export function readGoogle(config: Google): ReadDashboard {
  return async (ports) => {
    const bearer = await googleToken(ports, config);
    const domains = (config.domains.length > 0 ? config.domains : ports.domains).slice(0, DASHBOARD_LIMITS.domainsMax);
    const figures: DashboardFigures[] = [];
    const problems: string[] = [];
    for (const domain of domains) {
      try {
        figures.push(...(await readDomain(ports, { base: config.url, bearer, domain })));
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'dashboard') throw error;
        problems.push(error.message);
      }
    }
    return { figures, problems } satisfies DashboardReading;
  };
}

interface Question {
  readonly base: string;
  readonly bearer: string;
  readonly domain: string;
}

async function readDomain(ports: DashboardPorts, question: Question): Promise<readonly DashboardFigures[]> {
  const rates = await spamRates(ports, question);
  const requirements = await compliance(ports, question);
  const byDay = new Map<string, DashboardFigures>([...rates].map(([day, spamRate]) => [day, { provider: 'google', subject: question.domain, day, spamRate }]));
  if (requirements) {
    // It is said of now, not of a day: it goes to the newest day there is, else to today.
    const day = [...byDay.keys()].toSorted().at(-1) ?? new Date(ports.now).toISOString().slice(0, 10);
    byDay.set(day, { provider: 'google', subject: question.domain, day, ...byDay.get(day), requirements });
  }
  return [...byDay.values()];
}

async function spamRates(ports: DashboardPorts, { base, bearer, domain }: Question): Promise<ReadonlyMap<string, number>> {
  const rates = new Map<string, number>();
  let pageToken = '';
  for (let page = 0; page < DASHBOARD_LIMITS.pagesMax; page += 1) {
    const query = {
      metricDefinitions: [{ name: METRIC, baseMetric: { standardMetric: 'SPAM_RATE' } }],
      timeQuery: { dateRanges: { dateRanges: [{ start: dateOf(ports.now - DASHBOARD_LIMITS.daysAsked * DAY_MS), end: dateOf(ports.now) }] } },
      pageSize: PAGE_SIZE,
      aggregationGranularity: 'DAILY',
      ...(pageToken === '' ? {} : { pageToken }),
    };
    const answer = await askJson(ports, { base, bearer, domain }, `domains/${encodeURIComponent(domain)}/domainStats:query`, JSON.stringify(query));
    for (const stat of listOf(answer['domainStats'])) {
      const day = dayOf(stat['date']);
      const value = numberOf(stat['value']);
      if (stat['metric'] === METRIC && day !== undefined && value !== undefined) rates.set(day, value);
    }
    const next = answer['nextPageToken'];
    if (typeof next !== 'string' || next === '') break;
    pageToken = next;
  }
  return rates;
}

async function compliance(ports: DashboardPorts, question: Question): Promise<DashboardFigures['requirements']> {
  const answer = await askJson(ports, question, `domains/${encodeURIComponent(question.domain)}/complianceStatus`);
  const data = objectOf(answer['subdomainComplianceData']) ?? objectOf(answer['complianceData']);
  if (!data) return undefined;
  const rows = listOf(data['rowData']).map((row) => [String(row['requirement'] ?? ''), stateOf(row)] as const);
  const verdicts = [['ONE_CLICK_UNSUBSCRIBE', 'oneClickUnsubscribeVerdict'], ['HONOR_UNSUBSCRIBE', 'honorUnsubscribeVerdict']] as const;
  const told = verdicts.flatMap(([requirement, key]) => {
    const verdict = objectOf(data[key]);
    const reason = verdict?.['reason'];
    const state = verdict && stateOf(verdict);
    return state === undefined || state === '' ? [] : [{ requirement, met: state === 'COMPLIANT', ...(typeof reason === 'string' && !reason.endsWith('UNSPECIFIED') ? { reason } : {}) }];
  });
  const known = new Set<string>(told.map(({ requirement }) => requirement));
  return [...rows.filter(([requirement, state]) => /^[A-Z_]{1,60}$/.test(requirement) && /^(?:COMPLIANT|NEEDS_WORK)$/.test(state) && !known.has(requirement)).map(([requirement, state]) => ({ requirement, met: state === 'COMPLIANT' })), ...told];
}

async function askJson(ports: DashboardPorts, { base, bearer, domain }: Question, path: string, body?: string): Promise<Readonly<Record<string, unknown>>> {
  const url = new URL(`${base}/v2/${path}`);
  const answer = await ask(ports, { url, bearer, accept: 'application/json', ...(body === undefined ? {} : { body: { mediaType: 'application/json', text: body } }) });
  const json = jsonObject(answer.body);
  if (answer.status === 200 && json) return json;
  throw dashboardFailure(googleTrouble({ status: answer.status, isPage: answer.mediaType === 'text/html', error: objectOf(json?.['error']), domain, host: url.host }));
}

export interface GoogleTrouble {
  readonly status: number;
  /** It is HTML. */
  readonly isPage: boolean;
  /** As google.rpc.Status has it, with ErrorInfo among its details (cloud.google.com/apis/design/errors, looked up 2026-11). */
  readonly error: Readonly<Record<string, unknown>> | undefined;
  readonly domain: string;
  readonly host: string;
}

/** What is wrong and what to do, in a sentence. */
export function googleTrouble({ status, isPage, error, domain, host }: GoogleTrouble): string {
  const reasons = [...listOf(error?.['details']), ...listOf(error?.['errors'])].map(({ reason }) => String(reason ?? ''));
  const has = (...names: readonly string[]): boolean => reasons.some((reason) => names.includes(reason));
  if (isPage) return `${host} answered HTTP ${status} with a page for people: see that url in [[dashboard]] is right, and that no proxy answers in its place`;
  if (status === UNAUTHORIZED) return 'Google does not accept the token (HTTP 401): see that the account behind the key still exists, or make a new key';
  if (status === TOO_MANY || has('RATE_LIMIT_EXCEEDED', 'rateLimitExceeded', 'quotaExceeded', 'dailyLimitExceeded')) return `Google has answered enough for today (HTTP ${status}, quota): the figures of ${domain} come with the next look; nothing is to be done`;
  if (has('SERVICE_DISABLED', 'accessNotConfigured')) return 'the Gmail Postmaster Tools API is switched off for the project of this account: switch it on at https://console.cloud.google.com/apis/library/gmailpostmastertools.googleapis.com';
  if (has('ACCESS_TOKEN_SCOPE_INSUFFICIENT', 'insufficientPermissions')) return `the token may not read Postmaster Tools: make a new refresh token with the scope ${POSTMASTER_SCOPE}`;
  if (status === FORBIDDEN || status === NOT_FOUND) return `Google tells nothing about ${domain} (HTTP ${status}): add the domain at https://postmaster.google.com, and this account as one of its users`;
  const message = error?.['message'];
  return `${host} answered HTTP ${status} about ${domain}${typeof message === 'string' ? `: ${message.slice(0, 200)}` : ''}`;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(objectOf).filter((one) => one !== undefined) : [];
}

function stateOf(row: Readonly<Record<string, unknown>>): string {
  return String(objectOf(row['status'])?.['status'] ?? '');
}

function dateOf(ms: number): object {
  const date = new Date(ms);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

function dayOf(value: unknown): string | undefined {
  const { year, month, day } = objectOf(value) ?? {};
  if (![year, month, day].every((part) => Number.isInteger(part))) return undefined;
  const text = `${year as number}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
}

/** A share: 0.001 is 0.1 %. */
function numberOf(value: unknown): number | undefined {
  const union = objectOf(value) ?? {};
  const given = ['doubleValue', 'floatValue', 'intValue'].map((key) => union[key]).find((one) => one !== undefined);
  const number = typeof given === 'number' || typeof given === 'string' ? Number(given) : Number.NaN;
  return number >= 0 && number <= 1 ? number : undefined;
}
