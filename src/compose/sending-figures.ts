/**
 * Feeds the counts of outgoing mail by day (store/clients/sending-days.ts) with what became of each recipient, behind the
 * commit; and once a day for each author a sample of the names that the mail carries: From, Reply-To, the unsubscribe link.
 */
import { SENDING_DAY_LIMITS } from '../base/guard-limits.ts';
import type { Clock } from '../base/clock.ts';
import type { ByteSource } from '../base/byte-source.ts';
import type { Config } from '../config/config.ts';
import type { Chore } from '../contract/chores.ts';
import type { Directory } from '../contract/directory.ts';
import { isFromOutside } from '../contract/message.ts';
import type { QueueMessage, RoutePlan } from '../contract/queue.ts';
import type { QueueOptions } from '../flow/queue/queue.ts';
import { addressKey, domainOf, parseAddressList } from '../mail/address.ts';
import { firstField, parseHeader } from '../mail/header.ts';
import { queueLength } from '../manage/doctor/doctor-figures.ts';
import { sendingDay, type SendingNameRow, type SendingOutcome } from '../store/clients/sending-days.ts';
import type { Store } from '../store/store.ts';

type SettledListener = NonNullable<QueueOptions['onSettled']>;
type Settled = Parameters<SettledListener>[1][number];

export interface SendingFigurePorts {
  readonly store: Pick<Store, 'sendingDays' | 'queueAdmin'>;
  readonly config: Config;
  readonly clock: Clock;
  readonly directory: Pick<Directory, 'isLocalDomain'>;
}

export function countSending({ store, config, clock, directory }: SendingFigurePorts): SettledListener {
  const sample = new DailySample(clock);
  const note = async ({ message, route, recipients, content }: Parameters<SettledListener>[0], settled: readonly Settled[]): Promise<void> => {
    const author = isFromOutside(message.origin) ? '' : authorOf(message);
    const domain = author !== '' && (await directory.isLocalDomain(domainOf(author))) ? domainOf(author) : '';
    for (const each of settled) {
      const outcome = outcomeOf(each);
      if (outcome) store.sendingDays.count({ domain, site: siteOf(route), source: each.outcome.attempt.localAddress ?? '' }, outcome);
    }
    const trial = recipients.find(({ address }) => (config.doctor?.unsubscribeTest ?? []).includes(addressKey(address)))?.address;
    if (domain === '' || !sample.wants(trial === undefined ? author : `${author} ${addressKey(trial)}`)) return;
    for (const name of await namesIn(content, domain)) store.sendingDays.noteName({ ...name, lastAt: clock.now(), recipient: trial === undefined ? null : addressKey(trial) });
  };
  return (job, settled) => {
    if (job.route.kind !== 'mx' && job.route.kind !== 'smarthost') return;
    // Counts are for examinations: what cannot be counted is left out, mail goes first.
    note(job, settled).catch(() => {});
  };
}

function authorOf({ headerFrom = '', sender }: QueueMessage): string {
  return addressKey(parseAddressList(headerFrom)[0]?.address ?? sender);
}

/** Sites without a profile would be too many to count each. */
function siteOf(route: RoutePlan): string {
  return 'site' in route && route.site?.profile ? route.site.key : 'other';
}

function outcomeOf({ settlement, explanation }: Settled): SendingOutcome | undefined {
  if (settlement.state === 'delivered') return 'delivered';
  if (settlement.state === 'queued') return 'deferred';
  if (settlement.state === 'expired') return 'soft';
  if (settlement.state === 'bounced') return explanation?.faultClass === 'hard-bounce' ? 'hard' : 'soft';
  return undefined;
}

const URL_CHARS_MAX = 2000;

async function namesIn(content: ByteSource, domain: string): Promise<readonly Pick<SendingNameRow, 'domain' | 'field' | 'value'>[]> {
  const { fields } = parseHeader(await content.read(0, Math.min(content.size, SENDING_DAY_LIMITS.headerBytesMax)));
  const first = (name: string): string | undefined => parseAddressList(firstField(fields, name)?.value ?? '')[0]?.address;
  const oneClick = /^\s*List-Unsubscribe=One-Click\s*$/i.test(firstField(fields, 'list-unsubscribe-post')?.value ?? '');
  const url = oneClick ? /<\s*(https:[^<>\s]+)\s*>/i.exec(firstField(fields, 'list-unsubscribe')?.value.slice(0, 2 * URL_CHARS_MAX) ?? '')?.[1] : undefined;
  const [from, replyTo] = [first('from'), first('reply-to')];
  return [
    ...(from?.includes('@') ? [{ domain, field: 'from', value: addressKey(from) } as const] : []),
    ...(replyTo?.includes('@') ? [{ domain, field: 'reply-to', value: addressKey(replyTo) } as const] : []),
    ...(url !== undefined && url.length <= URL_CHARS_MAX ? [{ domain, field: 'unsubscribe', value: url } as const] : []),
  ];
}

/** Each name once a day, and not more names than fit. */
class DailySample {
  readonly #clock: Clock;
  readonly #seen = new Set<string>();
  #day = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wants(name: string): boolean {
    const today = sendingDay(this.#clock.now());
    if (today !== this.#day) this.#seen.clear();
    this.#day = today;
    if (this.#seen.has(name) || this.#seen.size >= SENDING_DAY_LIMITS.sampledMax) return false;
    this.#seen.add(name);
    return true;
  }
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Notes how long the queue is, and forgets what is too old. */
export function sendingFiguresChore({ store, clock }: Pick<SendingFigurePorts, 'store' | 'clock'>): Chore {
  return {
    name: 'sending-figures',
    everyMs: HOUR_MS,
    run: async () => {
      const now = clock.now();
      const hour = Math.floor(now / HOUR_MS);
      await store.sendingDays.noteQueueLength({ hour, ...(await queueLength(store)) });
      await store.sendingDays.prune({ day: sendingDay(now - SENDING_DAY_LIMITS.keptDays * DAY_MS), nameBefore: now - SENDING_DAY_LIMITS.nameKeptMs, hour: hour - SENDING_DAY_LIMITS.queueHours });
    },
  };
}
