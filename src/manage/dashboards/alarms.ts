/** What of a dashboard the postmaster is told, and when it is over. Pure: told once, and again only after it was well in between. */
import { DASHBOARD_LIMITS } from '../../base/report-limits.ts';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import type { DashboardAlarm } from '../../store/clients/dashboards.ts';

export interface AlarmChanges {
  readonly raised: readonly (DashboardAlarm & { readonly text: string })[];
  readonly settled: readonly DashboardAlarm[];
}

/** `latest`: the newest figures of each domain and address. What is not in them stays as it is. */
export function alarmChanges(latest: readonly DashboardFigures[], told: readonly DashboardAlarm[]): AlarmChanges {
  const raised: (DashboardAlarm & { text: string })[] = [];
  const settled: DashboardAlarm[] = [];
  for (const one of latest) {
    for (const { reason, state, text } of judged(one)) {
      const alarm = { provider: one.provider, subject: one.subject, reason };
      const known = told.some((each) => each.provider === one.provider && each.subject === one.subject && each.reason === reason);
      if (state === 'bad' && !known) raised.push({ ...alarm, text });
      if (state === 'good' && known) settled.push(alarm);
    }
  }
  return { raised, settled };
}

interface Judged {
  readonly reason: string;
  readonly state: 'bad' | 'between' | 'good';
  readonly text: string;
}

function judged({ provider, subject, day, spamRate, requirements, colour, blocked, trapHits }: DashboardFigures): readonly Judged[] {
  if (provider === 'google') {
    const unmet = requirements?.filter(({ met }) => !met).map(({ requirement, reason }) => `${requirement}${reason === undefined ? '' : ` (${reason})`}`) ?? [];
    return [
      ...(spamRate === undefined ? [] : [{ reason: 'spam-rate', state: spamRate >= DASHBOARD_LIMITS.spamRateAlarm ? 'bad' : spamRate >= DASHBOARD_LIMITS.spamRateCalm ? 'between' : 'good', text: `${percent(spamRate)} of the mail of ${subject} in Gmail inboxes was called spam on ${day}. Gmail wants less than 0.1 %, and refuses help from 0.3 % on. Write only to people who asked for it, make unsubscribing one click, and take addresses off your lists that complain or never open.` } as const]),
      ...(requirements === undefined ? [] : [{ reason: 'requirements', state: unmet.length > 0 ? 'bad' : 'good', text: `Google says that ${subject} does not meet its requirements for senders: ${unmet.join(', ')}. Run: posthorn doctor ${subject}` } as const]),
    ];
  }
  return [
    { reason: 'blocked', state: blocked === undefined ? 'good' : 'bad', text: `Microsoft blocks mail from ${subject}: ${blocked ?? ''}. Ask for delisting at https://olcsupport.office.com when the cause is mended.` },
    ...(colour === undefined ? [] : [{ reason: 'colour', state: colour === 'red' ? 'bad' : colour === 'yellow' ? 'between' : 'good', text: `Outlook.com called more than nine of ten messages from ${subject} spam on ${day}${trapHits ? `, and ${trapHits} went to addresses that are traps` : ''}. Stop bulk mail from there, and look for an account that is misused: posthorn queue list.` } as const]),
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}
