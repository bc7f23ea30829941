/**
 * The sites that most mail goes to, and how each wants to be approached.
 *
 * Connections and messages per connection are figures that operators of large senders share; providers publish few of
 * them. They are where shaping starts, not what it insists on: replies correct them while mail flows. Warm-up figures
 * are messages a day from a new address and follow the usual advice to begin small and to double at most every day or two.
 */
import type { SiteAutomation, SiteLimits, SiteProfile } from './site-profile.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const COMMUNITY = 'figures shared by operators of large senders';
const DATE = '2026-11';

/** For sites that are in no table. */
export const DEFAULT_LIMITS: SiteLimits = { connections: 10, messagesPerConnection: 100, connectionsPerMinute: 100 };

/** At sites of no table: "rate limited due to IP reputation". */
export const DEFAULT_AUTOMATION: readonly SiteAutomation[] = [
  { rules: ['any.reputation'], times: 1, withinMs: HOUR, action: { kind: 'limit', messagesPerMinute: 1, connections: 1, forMs: 90 * MINUTE } },
];

/** Doubles from 50 to 20,000: a receiver without published rules. */
export const DEFAULT_WARM_UP = [50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 20_000] as const;

const GENTLE_WARM_UP = [20, 40, 70, 100, 150, 250, 400, 600, 1000, 1500, 2500, 4000, 6000, 9000, 14_000, 20_000] as const;
const GOOGLE_WARM_UP = [100, 200, 400, 700, 1000, 1500, 2500, 4000, 5000, 7500, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000] as const;
const MICROSOFT_WARM_UP = [50, 100, 200, 400, 600, 1000, 1500, 2500, 4000, 6000, 9000, 13_000, 20_000, 30_000, 45_000] as const;

const OUTLOOK_AUTOMATION: readonly SiteAutomation[] = [
  { rules: ['microsoft.reputation*', 'microsoft.connection*', 'microsoft.pattern', 'microsoft.rate*'], times: 3, withinMs: HOUR, action: { kind: 'suspend', forMs: 30 * MINUTE } },
];

const GOOGLE: SiteProfile = {
  key: 'google',
  title: 'Gmail and Google Workspace',
  mx: ['.google.com', '.googlemail.com', '.gmail.com'],
  limits: { connections: 5, messagesPerConnection: 50, connectionsPerMinute: 60 },
  tls: 'required',
  warmUp: GOOGLE_WARM_UP,
  automation: [{ rules: ['google.rate*'], times: 2, withinMs: HOUR, action: { kind: 'limit', messagesPerMinute: 10, forMs: 30 * MINUTE } }],
  source: `https://support.google.com/mail/answer/81126 (TLS, authentication); ${COMMUNITY}`,
  date: DATE,
};

const OUTLOOK: SiteProfile = {
  key: 'outlook',
  title: 'Outlook.com, Hotmail, Live',
  mx: ['.olc.protection.outlook.com', '.hotmail.com'],
  limits: { connections: 5, messagesPerConnection: 50, connectionsPerMinute: 60 },
  warmUp: MICROSOFT_WARM_UP,
  automation: OUTLOOK_AUTOMATION,
  source: `https://sendersupport.olc.protection.outlook.com/pm/policies.aspx; ${COMMUNITY}`,
  date: DATE,
};

const OFFICE365: SiteProfile = {
  key: 'office365',
  title: 'Microsoft 365 (mail.protection.outlook.com)',
  mx: ['.mail.protection.outlook.com', '.mail.eo.outlook.com'],
  limits: { connections: 5, messagesPerConnection: 50, connectionsPerMinute: 60 },
  warmUp: MICROSOFT_WARM_UP,
  automation: OUTLOOK_AUTOMATION,
  source: COMMUNITY,
  date: DATE,
};

/** Inbound DANE moved domains to these names; its limits are counted apart. */
const MX_MICROSOFT: SiteProfile = { ...OFFICE365, key: 'mx-microsoft', title: 'Microsoft 365 (mx.microsoft)', mx: ['.mx.microsoft'] };

const YAHOO: SiteProfile = {
  key: 'yahoo',
  title: 'Yahoo, AOL and the mailboxes they run for others',
  mx: ['.yahoodns.net'],
  limits: { connections: 10, messagesPerConnection: 20, connectionsPerMinute: 60 },
  warmUp: MICROSOFT_WARM_UP,
  automation: [
    { rules: ['yahoo.volume*'], times: 1, withinMs: HOUR, action: { kind: 'suspend', forMs: 2 * HOUR } },
    { rules: ['yahoo.complaints*'], times: 1, withinMs: HOUR, action: { kind: 'suspend', forMs: 4 * HOUR } },
    { rules: ['any.reputation', 'yahoo.rate*', 'yahoo.reputation*'], times: 1, withinMs: HOUR, action: { kind: 'limit', messagesPerMinute: 1, connections: 1, forMs: 90 * MINUTE } },
  ],
  source: `https://senders.yahooinc.com/smtp-error-codes/; ${COMMUNITY}`,
  date: DATE,
};

const APPLE: SiteProfile = {
  key: 'apple',
  title: 'iCloud Mail',
  mx: ['.mail.icloud.com', '.icloud.com'],
  limits: { connections: 10, messagesPerConnection: 5, connectionsPerMinute: 60 },
  warmUp: GENTLE_WARM_UP,
  automation: [{ rules: ['apple.busy', 'apple.rate*'], times: 3, withinMs: HOUR, action: { kind: 'suspend', forMs: 15 * MINUTE } }],
  source: `https://support.apple.com/102322; ${COMMUNITY}`,
  date: DATE,
};

const GMX: SiteProfile = {
  key: 'gmx',
  title: 'GMX, WEB.DE, mail.com',
  mx: ['.gmx.net', '.gmx.com', '.gmx.de', '.web.de', '.mail.com'],
  limits: { connections: 4, messagesPerConnection: 20, connectionsPerMinute: 30 },
  warmUp: GENTLE_WARM_UP,
  source: `https://postmaster.gmx.net/en/error-messages; ${COMMUNITY}`,
  date: DATE,
};

const T_ONLINE: SiteProfile = {
  key: 't-online',
  title: 'T-Online',
  mx: ['.t-online.de', '.magenta.de'],
  limits: { connections: 4, messagesPerConnection: 20, connectionsPerMinute: 30 },
  warmUp: GENTLE_WARM_UP,
  source: 'https://postmaster.t-online.de (addresses must introduce themselves); connections as the similar GMX',
  date: DATE,
};

export const LARGE_SITES: readonly SiteProfile[] = [GOOGLE, OUTLOOK, OFFICE365, MX_MICROSOFT, YAHOO, APPLE, GMX, T_ONLINE];
