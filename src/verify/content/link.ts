/**
 * Links of a message, from its text and its HTML, and what is odd about each of them. Pure.
 *
 * Policy: only http and https are links here. A text that is not a URL after all is no link and no fault.
 */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { isInnerAddress } from '../../base/public-address.ts';
import { isSameOrBelow, isWellFormedDomain } from '../domain-name.ts';
import { displayDomain } from '../../mail/address.ts';
import { sameOwner } from './host-name.ts';
import { looksLikeAnother } from './look-alike.ts';
import { CLICK_COUNTERS, LINK_GUARDS, SHORTENERS } from './shorteners.ts';

export interface Link {
  /** As normalised by the URL parser. */
  readonly url: string;
  readonly scheme: 'http' | 'https';
  /** Lower case, A-labels, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the query, without the fragment. */
  readonly path: string;
  /** What a reader sees in its place; '' when that is the URL itself or an image. */
  readonly text: string;
  readonly from: 'text' | 'html';
}

/** Undefined: no link that could be followed. */
export function readLink(written: string, text: string, from: Link['from']): Link | undefined {
  const trimmed = written.trim();
  if (trimmed.length > CONTENT_LIMITS.urlCharsMax || !/^https?:\/\//i.test(trimmed)) return undefined;
  let url: URL;
  try {
    url = new URL(trimmed);
  } catch {
    return undefined;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '').toLowerCase();
  if (host === '' || (isIP(host) === 0 && !host.includes('.') && host !== 'localhost')) return undefined;
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  const port = url.port === '' ? (scheme === 'http' ? 80 : 443) : Number(url.port);
  return { url: url.href, scheme, host, port, path: `${url.pathname}${url.search}`, text: text.replace(/\s+/g, ' ').trim().slice(0, CONTENT_LIMITS.linkTextCharsMax), from };
}

/** One pass, no part of the pattern can match in two ways. */
const URL_IN_TEXT = /https?:\/\/[^\s<>"\\^`{|}]+/gi;

/** At most CONTENT_LIMITS.linksMax. */
export function linksInText(text: string): Link[] {
  const links: Link[] = [];
  for (const match of text.matchAll(URL_IN_TEXT)) {
    if (links.length >= CONTENT_LIMITS.linksMax) break;
    const link = readLink(withoutTrail(match[0]), '', 'text');
    if (link) links.push(link);
  }
  return links;
}

/** A sentence's punctuation, and the bracket that was opened before the URL, are not of it. */
function withoutTrail(url: string): string {
  const trimmed = url.replace(/[.,;:!?'*_]{1,10}$/, '');
  return trimmed.endsWith(')') && !trimmed.includes('(') ? trimmed.slice(0, -1) : trimmed;
}

export type LinkOddity = 'ip-address' | 'shortener' | 'other-name-shown' | 'click-counter' | 'credentials' | 'odd-port' | 'look-alike';

export interface OddLink {
  readonly link: Link;
  readonly oddity: LinkOddity;
  /** The end of a sentence that begins with the URL. */
  readonly words: string;
}

/** One for each oddity of each link. */
export function oddLinks(links: readonly Link[]): OddLink[] {
  return links.flatMap((link) => odditiesOf(link).map((found) => ({ link, ...found })));
}

function odditiesOf(link: Link): Omit<OddLink, 'link'>[] {
  const found: Omit<OddLink, 'link'>[] = [];
  const shown = shownHost(link.text);
  if (shown !== undefined && !sameOwner(shown, link.host) && !isBelowOne(link.host, LINK_GUARDS)) {
    if (isBelowOne(link.host, CLICK_COUNTERS)) found.push({ oddity: 'click-counter', words: `is shown to the reader as ${shown}, and goes through the click counter of a sending service` });
    else found.push({ oddity: 'other-name-shown', words: `is shown to the reader as ${shown}` });
  }
  // Nobody is misled to a machine of his own site: monitoring links to it, and people write about it.
  if (isInnerAddress(link.host)) return found;
  if (isIP(link.host) !== 0) found.push({ oddity: 'ip-address', words: 'names an address instead of a host' });
  if (isShortener(link)) found.push({ oddity: 'shortener', words: 'hides where it leads behind a URL shortener' });
  const { username, password } = new URL(link.url);
  if (username !== '' || password !== '') found.push({ oddity: 'credentials', words: 'has a user name before the host, which misleads readers' });
  if (looksLikeAnother(link.host)) found.push({ oddity: 'look-alike', words: `leads to ${displayDomain(link.host)}, whose letters of another script look like Latin ones` });
  if (link.port !== 80 && link.port !== 443) found.push({ oddity: 'odd-port', words: `leads to port ${link.port}` });
  return found;
}

function isBelowOne(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => isSameOrBelow(host, domain));
}

/** With a path: the front page of a shortener hides nothing. */
function isShortener({ host, path }: Link): boolean {
  return path.length > 1 && SHORTENERS.has(host.replace(/^www\./, ''));
}

/** The host that a link's text claims to lead to, when the text is nothing but a URL or a host name. */
function shownHost(text: string): string | undefined {
  const [, scheme, host = ''] = /^(https?:\/\/)?([\p{L}\p{M}\p{N}.-]{4,253})(?:[/:?#]\S*)?$/iu.exec(text) ?? [];
  // RFC 5891 §5.2: what a reader sees in another script is compared as the name that it is.
  const name = domainToASCII(host.toLowerCase().replace(/\.$/, ''));
  if (!isWellFormedDomain(name) || !name.includes('.')) return undefined;
  // "report.pdf" and "example.org" look alike; only a scheme, www. or a usual suffix makes a claim.
  const claims = scheme !== undefined || name.startsWith('www.') || /\.(?:com|net|org|edu|gov|info|biz|example|[a-z]{2})$/.test(name);
  return claims && !/\.(?:js|md|py|ts|cc|rs|sh|so|pl|ps|ai)$/.test(name) ? name : undefined;
}
