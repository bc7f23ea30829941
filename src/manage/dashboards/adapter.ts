/** One provider's dashboard as an adapter: asks over HTTPS, answers with figures. What is in the way is a sentence with what to do. */
import { open } from 'node:fs/promises';
import { DASHBOARD_LIMITS } from '../../base/report-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import type { HttpsAnswer, HttpsFetch, HttpsRequest } from '../../contract/https-fetch.ts';

export interface DashboardPorts {
  readonly fetch: HttpsFetch;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Domains of this server. */
  readonly domains: readonly string[];
  /** Addresses that it sends from. */
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
}

export interface DashboardReading {
  readonly figures: readonly DashboardFigures[];
  /** What could not be read although the rest was; sentences. */
  readonly problems: readonly string[];
}

/** Rejects with Failure `dashboard`, in words for the administrator. */
export type ReadDashboard = (ports: DashboardPorts) => Promise<DashboardReading>;

export function dashboardFailure(text: string): Failure {
  return new Failure('dashboard', text, { temporary: true });
}

export interface Asking {
  readonly url: URL;
  readonly accept: string;
  readonly bearer?: string;
  readonly body?: { readonly mediaType: string; readonly text: string };
}

/** Rejects with a Failure when there is no answer; the path stays out of it, since it may hold a key. */
export async function ask({ fetch, signal }: DashboardPorts, { url, accept, bearer, body }: Asking): Promise<Extract<HttpsAnswer, { kind: 'response' }>> {
  const secure = url.protocol === 'https:';
  const request: HttpsRequest = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    secure,
    accept,
    bytesMax: DASHBOARD_LIMITS.answerBytesMax,
    timeoutMs: DASHBOARD_LIMITS.requestMs,
    signal,
    ...(body && { body }),
    ...(bearer === undefined ? {} : { headers: { authorization: `Bearer ${bearer}` } }),
  };
  const answer = await fetch(request);
  if (answer.kind === 'failure') throw dashboardFailure(`${url.host} cannot be asked now: ${answer.detail}`);
  return answer;
}

/** Without spaces at its ends. Rejects with a Failure that names the file. */
export async function readSecretFile(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(DASHBOARD_LIMITS.secretBytesMax), 0, DASHBOARD_LIMITS.secretBytesMax, 0);
      return buffer.toString('utf8', 0, bytesRead).trim();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw dashboardFailure(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Undefined: it is no JSON object. */
export function jsonObject(bytes: Buffer | string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
