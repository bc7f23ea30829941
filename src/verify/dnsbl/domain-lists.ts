/**
 * DNS lists of domains, as the links of a message name them: which zones are asked, what their answers mean, and where one
 * gets off. As the lists publish it, looked up 2026-11.
 */
import type { ListKey, ListTier } from './lists.ts';

export interface DomainList {
  /** For people and for asking, without the key. */
  readonly zone: string;
  /** Asked below the zone's own name: `domain.KEY.zone`. Never shown. */
  readonly key?: string;
  /** Why it cannot be asked; it is then told as unknown. */
  readonly unusable?: string;
  readonly title: string;
  readonly tier: ListTier;
  /** Listed whenever the list is alive (RFC 5782 §5: `test`), any of them. */
  readonly testEntries: readonly string[];
  readonly codes: DomainCodes;
  readonly removal: string;
  readonly advice: string;
}

/** `grey`: worth knowing, no accusation. `blocked`: the list does not answer this resolver. */
export type DomainStanding = 'listed' | 'grey' | 'blocked';

export type DomainCodes =
  /** The last three numbers of the answer, `0.1.2`, each by itself. */
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, readonly [DomainStanding, string]>> }
  /** The last number is a sum of these. */
  | { readonly kind: 'bits'; readonly bits: readonly (readonly [bit: number, standing: DomainStanding, words: string])[] };

const CURE = 'Take the links to this domain out of your mail. If it is yours, look for a broken-into web site or mail to people who did not ask for it, then ask to be removed.';

export const DOMAIN_LISTS: readonly DomainList[] = [
  {
    zone: 'dbl.spamhaus.org', title: 'Spamhaus DBL', tier: 'A', testEntries: ['test', 'dbltest.com'],
    codes: {
      kind: 'values',
      values: {
        '0.1.2': ['listed', 'low reputation'],
        '0.1.4': ['listed', 'phishing'],
        '0.1.5': ['listed', 'malware'],
        '0.1.6': ['listed', 'controls bots'],
        '0.1.102': ['grey', 'a good site that was broken into: spam'],
        '0.1.103': ['grey', 'a good site whose redirects are abused'],
        '0.1.104': ['grey', 'a good site that was broken into: phishing'],
        '0.1.105': ['grey', 'a good site that was broken into: malware'],
        '0.1.106': ['grey', 'a good site that was broken into: controls bots'],
        '0.1.255': ['blocked', 'it was asked about an address'],
      },
    },
    removal: 'https://check.spamhaus.org/', advice: CURE,
  },
  {
    zone: 'multi.surbl.org', title: 'SURBL', tier: 'A', testEntries: ['test', 'surbl-org-permanent-test-point.com'],
    codes: {
      kind: 'bits',
      bits: [
        [1, 'blocked', 'it does not answer this resolver'],
        [4, 'listed', 'disposable addresses'], [8, 'listed', 'phishing'], [16, 'listed', 'malware'], [32, 'grey', 'counts clicks for spam'], [64, 'listed', 'seen in spam'], [128, 'listed', 'broken-into site'],
      ],
    },
    removal: 'https://surbl.org/surbl-analysis', advice: CURE,
  },
  {
    zone: 'multi.uribl.com', title: 'URIBL', tier: 'B', testEntries: ['test', 'test.uribl.com'],
    codes: {
      kind: 'bits',
      bits: [[1, 'blocked', 'it does not answer this resolver'], [2, 'listed', 'black: seen in spam'], [4, 'grey', 'grey: in bulk mail that people did not ask for'], [8, 'grey', 'red: new, or not seen in good mail']],
    },
    removal: 'https://admin.uribl.com/', advice: CURE,
  },
];

const PUBLIC_DBL = 'dbl.spamhaus.org';

/** Those to ask with this key of Spamhaus' Data Query Service: by the service, instead of the public mirrors. */
export function domainListsWith(spamhaus: ListKey | undefined): readonly DomainList[] {
  return spamhaus ? DOMAIN_LISTS.map((list) => (list.zone === PUBLIC_DBL ? { ...list, zone: 'dbl.dq.spamhaus.net', ...spamhaus } : list)) : DOMAIN_LISTS;
}
