/**
 * DNS lists of addresses: which zones are asked, what their answers mean, how much they matter to large receivers, and where
 * one gets off. As the lists publish it, looked up 2026-11. Lists that have closed, answer everything, or double another
 * one are left out on purpose (SORBS, manitu, WPBL, AHBL, CBL, …).
 */

/** A: large receivers act on it; B: some do; C: worth a look. */
export type ListTier = 'A' | 'B' | 'C';

export interface DnsList {
  /** For people and for asking, without the key. */
  readonly zone: string;
  /** Asked below the zone's own name: `address.KEY.zone`. Never shown. */
  readonly key?: string;
  /** Why it cannot be asked; it is then told as unknown. */
  readonly unusable?: string;
  readonly title: string;
  readonly families: readonly (4 | 6)[];
  readonly kind: 'block' | 'allow';
  readonly tier: ListTier;
  /** Last three numbers of the answer, `0.0.2`, to what it means. Others are not documented, and not a listing. */
  readonly codes: Readonly<Record<string, string>>;
  /** Answers that say something else than a listing. */
  readonly harmless?: readonly string[];
  /** Where to find out why and get off. */
  readonly removal: string;
  /** What a listing says and what to do, in a sentence. */
  readonly advice: string;
}

const CURE = 'Find out what was sent (a broken-into account or program, a list with old addresses), stop it, then ask to be removed.';
const BOTH = [4, 6] as const;
const V4 = [4] as const;

const spamhaus = { families: BOTH, kind: 'block', tier: 'A', removal: 'https://check.spamhaus.org/' } as const;

export const DNS_LISTS: readonly DnsList[] = [
  {
    ...spamhaus, zone: 'zen.spamhaus.org', title: 'Spamhaus ZEN',
    codes: {
      '0.0.2': 'SBL: known for sending or hosting spam',
      '0.0.3': 'CSS: low reputation, sends like a spam machine',
      '0.0.4': 'XBL: infected or open to abuse',
      '0.0.9': 'DROP: hijacked or run by criminals',
      '0.0.10': 'PBL: should not send mail directly (the provider says so)',
      '0.0.11': 'PBL: should not send mail directly (Spamhaus says so)',
      '0.0.30': 'BCL: controls bots',
    },
    advice: `PBL is no accusation: a server with a static address can be taken off by its owner. For the others: ${CURE}`,
  },
  { zone: 'b.barracudacentral.org', title: 'Barracuda', families: V4, kind: 'block', tier: 'A', codes: { '0.0.2': 'poor reputation' }, removal: 'https://www.barracudacentral.org/rbl/removal-request', advice: CURE },
  { zone: 'bl.spamcop.net', title: 'SpamCop', families: V4, kind: 'block', tier: 'A', codes: { '0.0.2': 'reported by people or traps' }, removal: 'https://www.spamcop.net/bl.shtml', advice: `${CURE} It ends by itself a day after the last report.` },
  { zone: 'bl.mailspike.net', title: 'Mailspike', families: V4, kind: 'block', tier: 'B', codes: { '0.0.2': 'listed', '0.0.10': 'worst reputation', '0.0.11': 'very bad reputation', '0.0.12': 'bad reputation' }, removal: 'https://mailspike.io/ip_verify', advice: CURE },
  { zone: 'rep.mailspike.net', title: 'Mailspike reputation', families: V4, kind: 'block', tier: 'B', codes: { '0.0.10': 'worst reputation', '0.0.11': 'very bad reputation', '0.0.12': 'bad reputation' }, harmless: ['0.0.13', '0.0.14', '0.0.15', '0.0.16', '0.0.17', '0.0.18', '0.0.19', '0.0.20'], removal: 'https://mailspike.io/ip_verify', advice: CURE },
  { zone: 'spam.spamrats.com', title: 'SpamRATS Spam', families: V4, kind: 'block', tier: 'B', codes: { '0.0.38': 'sent spam' }, removal: 'https://www.spamrats.com/removal.php', advice: CURE },
  { zone: 'dyna.spamrats.com', title: 'SpamRATS Dyna', families: V4, kind: 'block', tier: 'B', codes: { '0.0.36': 'its reverse name looks like that of an access line' }, removal: 'https://www.spamrats.com/removal.php', advice: 'Have the reverse name (PTR) set to the host name of this server, then ask to be removed.' },
  { zone: 'noptr.spamrats.com', title: 'SpamRATS NoPtr', families: V4, kind: 'block', tier: 'B', codes: { '0.0.37': 'it has no reverse name' }, removal: 'https://www.spamrats.com/removal.php', advice: 'Have the reverse name (PTR) set to the host name of this server, then ask to be removed.' },
  { zone: 'psbl.surriel.com', title: 'PSBL', families: V4, kind: 'block', tier: 'B', codes: { '0.0.2': 'wrote to a spam trap' }, removal: 'https://psbl.org/remove', advice: `${CURE} Anybody may remove an address.` },
  { zone: 'dnsbl-1.uceprotect.net', title: 'UCEPROTECT level 1', families: V4, kind: 'block', tier: 'B', codes: { '0.0.2': 'wrote to a spam trap' }, removal: 'https://www.uceprotect.net/en/rblcheck.php', advice: 'It ends by itself seven days after the last hit; do not pay for it.' },
  { zone: 'dnsbl-2.uceprotect.net', title: 'UCEPROTECT level 2', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'neighbours in the network are listed' }, removal: 'https://www.uceprotect.net/en/rblcheck.php', advice: 'It is about the neighbours; few receivers use it. Do not pay for it.' },
  { zone: 'dnsbl-3.uceprotect.net', title: 'UCEPROTECT level 3', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'the whole provider is listed' }, removal: 'https://www.uceprotect.net/en/rblcheck.php', advice: 'It is about the provider; few receivers use it. Do not pay for it.' },
  { zone: 'bl.spameatingmonkey.net', title: 'Spam Eating Monkey', families: V4, kind: 'block', tier: 'B', codes: { '0.0.2': 'sent spam to a trap' }, removal: 'https://spameatingmonkey.com/delist', advice: CURE },
  { zone: 'bl.ipv6.spameatingmonkey.net', title: 'Spam Eating Monkey', families: [6], kind: 'block', tier: 'B', codes: { '0.0.2': 'sent spam to a trap' }, removal: 'https://spameatingmonkey.com/delist', advice: CURE },
  { zone: 'backscatter.spameatingmonkey.net', title: 'Spam Eating Monkey backscatter', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent bounces to strangers' }, removal: 'https://spameatingmonkey.com/delist', advice: 'Refuse mail within the session instead of bouncing it later.' },
  { zone: 'hostkarma.junkemailfilter.com', title: 'Hostkarma', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'black', '0.0.4': 'brown: spam and other mail' }, harmless: ['0.0.1', '0.0.3', '0.0.5'], removal: 'https://ipadmin.junkemailfilter.com/remove.php', advice: CURE },
  { zone: 'dnsbl.dronebl.org', title: 'DroneBL', families: V4, kind: 'block', tier: 'C', codes: Object.fromEntries([3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19].map((type) => [`0.0.${type}`, 'infected, or an open proxy'])), removal: 'https://dronebl.org/lookup', advice: CURE },
  { zone: 'bl.blocklist.de', title: 'blocklist.de', families: V4, kind: 'block', tier: 'C', codes: Object.fromEntries([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21].map((type) => [`0.0.${type}`, 'attacked other servers'])), removal: 'https://www.blocklist.de/en/delist.html', advice: 'Somebody attacks other servers from this address: look for a broken-into program. It ends by itself 48 hours after the last attack.' },
  { zone: 'bip.virusfree.cz', title: 'virusfree.cz', families: BOTH, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam or viruses' }, removal: 'https://www.virusfree.cz/', advice: CURE },
  { zone: 'rbl.interserver.net', title: 'InterServer', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam' }, removal: 'https://sigs.interserver.net/', advice: CURE },
  { zone: 'ips.backscatterer.org', title: 'Backscatterer', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent bounces or verified addresses at strangers' }, removal: 'https://www.backscatterer.org/', advice: 'Refuse mail within the session instead of bouncing it later. It ends by itself; do not pay for it.' },
  { zone: 'bl.suomispam.net', title: 'Suomispam', families: BOTH, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam to Finland' }, removal: 'https://suomispam.net/', advice: CURE },
  { zone: 'bl.nordspam.com', title: 'NordSpam', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam' }, removal: 'https://www.nordspam.com/', advice: CURE },
  { zone: 'truncate.gbudb.net', title: 'GBUdb Truncate', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sends nearly nothing but spam' }, removal: 'https://www.gbudb.com/truncate/', advice: 'It ends by itself when the spam ends.' },
  { zone: 'dnsrbl.swinog.ch', title: 'SwiNOG', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'wrote to a spam trap' }, removal: 'https://antispam.imp.ch/', advice: CURE },
  { zone: 'all.s5h.net', title: 's5h.net', families: BOTH, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam' }, removal: 'https://www.usenix.org.uk/content/rbl.html', advice: CURE },
  { zone: 'dnsbl.spfbl.net', title: 'SPFBL', families: BOTH, kind: 'block', tier: 'C', codes: { '0.0.2': 'confirmed spam', '0.0.3': 'suspected, or its names are not in order', '0.0.4': 'no mail server, or an access line' }, removal: 'https://matrix.spfbl.net/', advice: 'Receivers use it for a score only. See that the reverse name leads back to the address, then ask to be removed; do not pay for it.' },
  { zone: 'spamrbl.imp.ch', title: 'ImproWare Spam', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent spam' }, removal: 'https://antispam.imp.ch/', advice: CURE },
  { zone: 'wormrbl.imp.ch', title: 'ImproWare Worm', families: V4, kind: 'block', tier: 'C', codes: { '0.0.2': 'sent viruses' }, removal: 'https://antispam.imp.ch/', advice: CURE },
  { zone: 'iadb.isipp.com', title: 'ISIPP accreditation', families: V4, kind: 'allow', tier: 'C', codes: { '0.0.1': 'accredited' }, removal: 'https://www.isipp.com/', advice: 'It is paid for; a good server does not need it.' },
  { zone: 'list.dnswl.org', title: 'DNSWL', families: BOTH, kind: 'allow', tier: 'B', codes: dnswlCodes(), removal: 'https://www.dnswl.org/', advice: 'Being on it helps; servers with a good name can be registered for nothing.' },
  { zone: 'wl.mailspike.net', title: 'Mailspike allow list', families: V4, kind: 'allow', tier: 'B', codes: { '0.0.18': 'good', '0.0.19': 'very good', '0.0.20': 'excellent' }, removal: 'https://mailspike.io/', advice: 'Being on it helps; it comes by itself.' },
];

/** Keys for lists that answer nobody without one, or nobody behind the name servers of a cloud. */
export interface ListKeys {
  /** Of Spamhaus' Data Query Service, free for small servers. */
  readonly spamhaus?: ListKey;
  /** Of Abusix Mail Intelligence. */
  readonly abusix?: ListKey;
}

export type ListKey = { readonly key: string } | { readonly unusable: string };

/** Those that can be asked with these keys; Spamhaus by its service instead of its public mirrors. */
export function listsWith(keys: ListKeys): readonly DnsList[] {
  const { spamhaus: dqs, abusix } = keys;
  const lists = dqs ? DNS_LISTS.map((list) => (list.zone === PUBLIC_ZEN ? { ...list, zone: 'zen.dq.spamhaus.net', ...dqs } : list)) : DNS_LISTS;
  return [
    ...lists,
    ...(dqs ? [{ ...spamhaus, ...AUTHBL, ...dqs }] : []),
    ...(abusix ? [{ ...ABUSIX, ...abusix }] : []),
  ];
}

/** Is it Spamhaus ZEN, however it is asked? */
export function isZen({ zone }: DnsList): boolean {
  return zone === PUBLIC_ZEN || zone === 'zen.dq.spamhaus.net';
}

const PUBLIC_ZEN = 'zen.spamhaus.org';
const AUTHBL = { zone: 'authbl.dq.spamhaus.net', title: 'Spamhaus AuthBL', families: V4, tier: 'B', codes: { '0.0.20': 'guesses passwords, or uses stolen ones' }, advice: 'Somebody tries passwords from this address: look for a broken-into program.' } as const;
const ABUSIX: DnsList = {
  zone: 'combined.mail.abusix.zone', title: 'Abusix Mail Intelligence', families: BOTH, kind: 'block', tier: 'A',
  codes: {
    '0.0.2': 'wrote to spam traps', '0.0.3': 'sends like a spam machine', '0.0.4': 'infected or open to abuse',
    '0.0.11': 'policy: an access line or dynamic address', '0.0.12': 'policy: its reverse name is missing or not its own', '0.0.200': 'listed for a short time',
  },
  removal: 'https://lookup.abusix.com/', advice: `For policy: have the reverse name set to the host name of this server. For the others: ${CURE}`,
};

/** `0.category.trust`. */
function dnswlCodes(): Record<string, string> {
  const trust = ['no trust', 'low trust', 'medium trust', 'high trust'];
  const codes: Record<string, string> = {};
  for (let category = 2; category <= 20; category += 1) for (const [level, words] of trust.entries()) codes[`0.${category}.${level}`] = words;
  return codes;
}
