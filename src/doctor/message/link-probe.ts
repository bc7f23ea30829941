/**
 * Looks politely whether links answer: HEAD, then GET where a server does not know HEAD; a few links, one at a time for each
 * host, no redirect followed.
 *
 * Policy: a link that does something when it is fetched is never fetched: those that unsubscribe, confirm or log in. Where
 * the fetch may go is its own affair (DoctorNetwork.linkFetch goes to no private address). A server that refuses robots,
 * or does not answer in time, is unknown, not dead.
 */
import { LINK_PROBE_LIMITS } from '../../base/content-limits.ts';
import type { HttpsAnswer, HttpsFetch } from '../../contract/https-fetch.ts';
import { leadsOut } from '../../verify/content/bulk-mail.ts';
import { sameOwner } from '../../verify/content/host-name.ts';
import type { Link } from '../../verify/content/link.ts';

export interface ProbedLink {
  readonly link: Link;
  /** `spared`: not fetched, on purpose. */
  readonly kind: 'answers' | 'redirect' | 'dead' | 'unknown' | 'spared';
  /** What was seen, in a few words. */
  readonly words: string;
}

type Seen = Pick<ProbedLink, 'kind' | 'words'>;

/** In the order of `links`, at most LINK_PROBE_LIMITS.linksMax. Never rejects. */
export async function probeLinks(fetch: HttpsFetch, links: readonly Link[]): Promise<readonly ProbedLink[]> {
  const hosts = [...new Set(links.map(({ host }) => host))].slice(0, LINK_PROBE_LIMITS.hostsMax);
  const chosen = links.filter(({ host }) => hosts.includes(host)).slice(0, LINK_PROBE_LIMITS.linksMax);
  const signal = AbortSignal.timeout(LINK_PROBE_LIMITS.totalMs);
  const seen = new Map<Link, Seen>();
  await Promise.all(hosts.map(async (host) => {
    for (const link of chosen) if (link.host === host) seen.set(link, acts(link) ? { kind: 'spared', words: 'not tried' } : await probe(fetch, link, signal));
  }));
  return chosen.map((link) => ({ link, ...(seen.get(link) as Seen) }));
}

/** GET should change nothing (RFC 9110 §9.2.1), and yet such links often do. */
function acts(link: Link): boolean {
  return leadsOut(link) || /confirm|verif|activat|validat|reset|log-?in|sign-?in|token=|[?&](?:key|code|auth|otp)=/i.test(link.path);
}

async function probe(fetch: HttpsFetch, link: Link, signal: AbortSignal): Promise<Seen> {
  const request = {
    host: link.host, port: link.port, path: link.path === '' ? '/' : link.path, secure: link.scheme === 'https', accept: '*/*',
    bytesMax: LINK_PROBE_LIMITS.bytesMax, timeoutMs: LINK_PROBE_LIMITS.timeoutMs, signal,
  } as const;
  try {
    const head = await fetch({ ...request, method: 'HEAD' });
    const answer = wantsGet(head) ? await fetch({ ...request, method: 'GET' }) : head;
    return judge(link, answer);
  } catch {
    return { kind: 'unknown', words: 'no time was left' };
  }
}

/** Many programs answer HEAD wrongly. */
function wantsGet(answer: HttpsAnswer): boolean {
  return answer.kind === 'response' ? answer.status >= 400 : answer.reason === 'protocol';
}

/** Statuses by which a server turns a robot away, or asks it to wait or to log in. */
const NOT_FOR_ROBOTS = new Set([401, 402, 403, 405, 406, 407, 408, 425, 429, 451, 503, 999]);

function judge(link: Link, answer: HttpsAnswer): Seen {
  if (answer.kind === 'failure') return judgeFailure(answer);
  const { status } = answer;
  if (status >= 300 && status < 400 && status !== 304) return judgeRedirect(link, answer.headers['location'] ?? '', status);
  if (status < 400) return { kind: 'answers', words: `HTTP status ${status}` };
  return { kind: NOT_FOR_ROBOTS.has(status) ? 'unknown' : 'dead', words: `HTTP status ${status}` };
}

function judgeRedirect(link: Link, location: string, status: number): Seen {
  const target = location !== '' && URL.canParse(location, link.url) ? new URL(location, link.url) : undefined;
  if (!target || !/^https?:$/.test(target.protocol)) return { kind: 'dead', words: `HTTP status ${status} without an address to go on to` };
  // From http to https, from the bare name to www, to the page in one's language: what everybody does.
  if (sameOwner(target.hostname.toLowerCase(), link.host)) return { kind: 'answers', words: `HTTP status ${status}` };
  return { kind: 'redirect', words: `leads on to ${target.hostname.slice(0, 80)}` };
}

function judgeFailure({ reason, detail }: Extract<HttpsAnswer, { kind: 'failure' }>): Seen {
  switch (reason) {
    case 'dns':
      return { kind: /has no address/.test(detail) ? 'dead' : 'unknown', words: detail };
    case 'certificate':
      return { kind: 'dead', words: 'its certificate is not valid' };
    case 'too-large':
      return { kind: 'answers', words: 'a large page' };
    case 'connect':
      return { kind: /not allowed|private/.test(detail) ? 'unknown' : 'dead', words: /not allowed|private/.test(detail) ? 'not on the internet' : 'nobody answers there' };
    case 'timeout':
    case 'protocol':
      return { kind: 'unknown', words: detail.slice(0, 100) };
  }
}
