/**
 * Which line messages join without being read: that of the message before them from the same sender to the same domain.
 * For lines that are long or have to wait anyway, so that a hundred thousand messages for a site that does not answer
 * cost next to nothing. When its turn comes, a message is read and routed all the same.
 */
import type { Clock } from '../../base/clock.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { QueueMessage, QueueRecipient, WaitingKind } from '../../contract/queue.ts';
import { plainSender } from './line.ts';
import type { LineEntry } from './lines.ts';

type Way = Pick<LineEntry, 'site' | 'route'>;

export class KnownWays {
  readonly #clock: Clock;
  /** Known again are last. */
  readonly #ways = new Map<string, Way & { readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note({ sender }: QueueMessage, { address, reversePath, via, reroute }: QueueRecipient, { site, route }: LineEntry): void {
    if (reversePath !== undefined || via !== undefined || reroute !== undefined) return;
    const key = keyOf(sender, address.slice(address.lastIndexOf('@') + 1).toLowerCase());
    this.#ways.delete(key);
    this.#ways.set(key, { site, route, until: this.#clock.monotonic() + QUEUE_LIMITS.knownWayMs });
    for (const oldest of this.#ways.keys()) {
      if (this.#ways.size <= QUEUE_LIMITS.knownWaysMax) break;
      this.#ways.delete(oldest);
    }
  }

  /** Where they would stand; undefined when that is not known. */
  entryOf({ sender, domain, stream = 'transactional', dkimDomain = '', account }: WaitingKind): LineEntry | undefined {
    const way = this.#ways.get(keyOf(sender, domain));
    if (!way || way.until < this.#clock.monotonic()) return undefined;
    return { site: way.site, route: way.route, stream, sender: plainSender(sender), ...(account === undefined ? {} : { account }), dkimDomain };
  }
}

function keyOf(sender: string, domain: string): string {
  return `${domain} ${plainSender(sender)}`;
}
