/** Sites that many senders meet, in one line each: connections at once, messages per connection. */
import { DEFAULT_WARM_UP } from './large-sites.ts';
import type { SiteProfile } from './site-profile.ts';

const COMMUNITY = 'figures shared by operators of large senders';

function site(key: string, title: string, mx: readonly string[], connections: number, messagesPerConnection: number, further: Partial<SiteProfile> = {}): SiteProfile {
  const connectionsPerMinute = Math.max(10, Math.min(100, connections * 10));
  return { key, title, mx, limits: { connections, messagesPerConnection, connectionsPerMinute }, source: COMMUNITY, date: '2026-11', ...further };
}

/** Mimecast counts by region: a customer of one says nothing about another. */
function mimecast(region: string): SiteProfile {
  return site(`mimecast-${region}`, `Mimecast (${region.toUpperCase()})`, [`${region}-smtp-inbound-*.mimecast.com`], 10, 100, { warmUp: DEFAULT_WARM_UP });
}

export const FURTHER_SITES: readonly SiteProfile[] = [
  site('yahoo-japan', 'Yahoo! JAPAN', ['.yahoo.co.jp'], 2, 20, { warmUp: DEFAULT_WARM_UP }),
  site('orange', 'Orange', ['.orange.fr', '.wanadoo.fr'], 2, 100, { warmUp: DEFAULT_WARM_UP }),
  ...['eu', 'us', 'de', 'uk', 'za', 'au', 'ca', 'usb'].map(mimecast),
  site('mimecast', 'Mimecast', ['.mimecast.com', '.mimecast.co.za', '.mimecast-offshore.com'], 10, 100, { warmUp: DEFAULT_WARM_UP }),
  site('comcast', 'Comcast', ['.comcast.net'], 25, 1000, { warmUp: DEFAULT_WARM_UP }),
  site('barracuda', 'Barracuda Email Gateway Defense', ['.ess.barracudanetworks.com', '.barracudanetworks.com'], 10, 15, { warmUp: DEFAULT_WARM_UP }),
  site('kpn', 'KPN', ['.kpnmail.nl', '.kpnxchange.com', '.kpn.com'], 10, 10),
  site('qq', 'QQ Mail and Tencent Exmail', ['.qq.com'], 4, 8, { warmUp: DEFAULT_WARM_UP }),
  site('163', '163, 126 and Yeah.net', ['.163.com', '.126.com', '.netease.com'], 4, 7, { warmUp: DEFAULT_WARM_UP }),
  site('netvigator', 'Netvigator', ['.netvigator.com'], 5, 10),
  site('proton', 'Proton Mail', ['.protonmail.ch', '.proton.ch'], 5, 50, {
    tls: 'required',
    source: 'https://proton.me/support (no limits are published, MX with DANE); connections chosen with care',
  }),
];
