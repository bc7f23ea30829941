/** Lanes, sites and sources as people see them, with one sentence on what happens next. */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { LaneView, SiteView, SourceView } from '../../contract/shaping-control.ts';
import type { LaneBook } from './lane-book.ts';
import { figure, knockAt } from './lane-status.ts';
import { closedText, probeText, quotaText, timeOf, type Lane } from './lane.ts';
import type { SiteGate } from './site-gate.ts';
import type { SourceList } from './sources.ts';
import { nextDayAt } from './warm-up.ts';
import { isClosed, surest } from './window-quota.ts';
import { DAY_MS } from './windows.ts';

export function laneView(lane: Lane, now: number): LaneView {
  const { status, limitToday } = lane;
  const { windowQuota } = status;
  const guess = windowQuota && surest(windowQuota);
  const next = nextOf(lane, now);
  const learnt = windowQuota && guess ? ` Learnt: ${windowQuota.rules.map((rule) => quotaText(rule, 'the site', now)).join('; ')}.` : '';
  const share = lane.ratio.share(now);
  return {
    key: lane.key,
    state: status.state,
    since: status.since,
    why: status.why,
    ...(status.rule !== '' && { rule: status.rule }),
    next: `${next.text}${learnt}`,
    ...(next.at !== undefined && { nextChangeAt: next.at }),
    ...(status.state === 'hot' && !isClosed(windowQuota) && knockAt(status) < status.until && { lettersAt: knockAt(status) }),
    ...(status.state === 'cooling' && { perMinute: status.perMinute, connections: status.connections }),
    ...(guess && { quota: { messages: guess.figure, withinMs: guess.lengthMs } }),
    ...(guess?.lengthMs === DAY_MS && { perDay: guess.figure }),
    inFlight: lane.inFlight,
    sentToday: lane.sentToday,
    deferredToday: lane.deferredToday,
    complaintsToday: lane.complaintsToday,
    ...(limitToday !== undefined && { limitToday }),
    ...(share !== undefined && { deferredShare: share }),
  };
}

function nextOf({ status, limitToday }: Lane, now: number): { readonly text: string; readonly at?: number } {
  switch (status.state) {
    case 'hot':
      if (isClosed(status.windowQuota)) {
        const { probeAt } = status.windowQuota.closure;
        return { at: Math.max(now, probeAt), text: `${closedText(status.windowQuota, 'The site')}; ${probeText(probeAt, now)}.` };
      }
      return { at: status.until, text: `Rests until ${timeOf(status.until)}, then sends at most ${figure(status.perMinute)} a minute and climbs.` };
    case 'blocked':
      return { at: status.until, text: status.until > now ? `At ${timeOf(status.until)} one message tries again.` : 'The next message tries again.' };
    case 'cooling': {
      const at = Math.max(now, status.climbedAt + SHAPE_LIMITS.climbEveryMs);
      return { at, text: `Sends at most ${figure(status.perMinute)} a minute, more from ${timeOf(at)} on.` };
    }
    case 'cold':
    case 'warming':
      return { at: nextDayAt(now), text: `May send ${limitToday ?? 0} today; more tomorrow when half of it is used and today is good.` };
    case 'steady':
      return { text: limitToday === undefined ? 'Stays as it is while the site is content.' : `Known for up to ${limitToday} messages a day; more when half of them are used and the day is good.` };
  }
}

export function siteView({ site, inFlight, concurrency, dead }: SiteGate): SiteView {
  return {
    key: site.key,
    title: site.title,
    inFlight,
    connections: concurrency.allowed,
    connectionsMax: concurrency.max,
    ...(dead.restsUntil > 0 && { unreachable: { until: dead.restsUntil, error: dead.lastError } }),
  };
}

export function sourceViews(sources: SourceList, lanes: LaneBook, now: number): readonly SourceView[] {
  const system = { source: { address: '', helo: '', pool: 'default' }, weight: 1, standby: false, warm: true };
  return (sources.all.length > 0 ? sources.all : [system]).map(({ source, weight, standby, warm }) => {
    const { today, yesterday } = lanes.sourceDay(source.address, now);
    return { ...source, weight, standby, warm, sentToday: today, sentYesterday: yesterday };
  });
}
