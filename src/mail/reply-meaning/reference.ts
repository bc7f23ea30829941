/**
 * A link in a reply that people may follow: only one that leads to the provider who answered, or to the operator of a
 * known blocklist. A reply is text of strangers; a link elsewhere could be anything and is not passed on.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';

/** Operators of address and domain lists, who offer look-up and removal on their own sites. */
export const LIST_SITES: readonly string[] = [
  'spamhaus.org', 'spamcop.net', 'barracudacentral.org', 'abusix.com', 'abusix.org', 'cloudmark.com', 'uceprotect.net', 'sorbs.net', 'psbl.org', 'mailspike.org',
  'invaluement.com', 'senderscore.org', 'senderscore.net', 'returnpath.net', 'validity.com', 'spamrl.com', 'surbl.org', 'uribl.com', 'abuseat.org', 'manitu.net',
  'njabl.org', 'dnswl.org', 'backscatterer.org', 'blocklist.de', 'hostkarma.com', 'junkemailfilter.com', 'gbudb.com', 'truncate.org', 'talosintelligence.com',
  'proofpoint.com', 'mimecast.com', 'trendmicro.com', 'symantec.com', 'broadcom.com', 'barracuda.com', 'barracudanetworks.com', 'cisco.com', 'fortinet.com', 'fortiguard.com',
];

/** The first https or http link of the text whose host is one of the sites or under it; as https when it was http. */
export function trustedReference(text: string, sites: readonly string[]): string | undefined {
  for (const match of text.slice(0, REPLY_LIMITS.textChars).matchAll(/\bhttps?:\/\/[^\s<>"'()[\]{}]{4,500}/gi)) {
    // Cut off by whoever shortened the reply: it would lead nowhere.
    if (match[0].endsWith('…')) continue;
    const url = readUrl(match[0].replace(/[.,;:!?]+$/, ''));
    if (url && sites.some((site) => url.hostname === site || url.hostname.endsWith(`.${site}`))) return url.href;
  }
  return undefined;
}

/** No user name, no port: both serve to make a link look like another. */
function readUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.port !== '') return undefined;
  url.protocol = 'https:';
  return url;
}
