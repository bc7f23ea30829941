/** Pauses ordered by people: of a site, of one of our addresses, of a sender (address or domain). Pure but for the list. */
import type { Pause } from '../../contract/shaping-control.ts';
import { domainOf } from '../../mail/address.ts';
import { timeOf, type LaneWait } from './lane.ts';

export class Pauses {
  readonly #pauses = new Map<string, Pause>();

  constructor(pauses: readonly Pause[] = []) {
    for (const pause of pauses) this.put(pause);
  }

  get size(): number {
    return this.#pauses.size;
  }

  /** Those in force. */
  list(now: number): readonly Pause[] {
    return [...this.#pauses.values()].filter((pause) => pause.until === undefined || pause.until > now);
  }

  put(pause: Pause): void {
    this.#pauses.set(keyOf(pause.kind, pause.name), pause);
  }

  /** False when there was none. */
  remove(kind: Pause['kind'], name: string): boolean {
    return this.#pauses.delete(keyOf(kind, name));
  }

  waitOfSite(key: string, now: number): LaneWait | undefined {
    return this.#wait('site', key, now, `The site ${key} is paused`);
  }

  waitOfSource(address: string, now: number): LaneWait | undefined {
    return this.#wait('source', address, now, `Sending from ${address === '' ? 'this server' : address} is paused`);
  }

  waitOfSender(sender: string, now: number): LaneWait | undefined {
    if (this.#pauses.size === 0) return undefined;
    const address = sender.toLowerCase();
    return this.#wait('sender', address, now, `Mail of ${address} is paused`) ?? this.#wait('sender', domainOf(address), now, `Mail of ${domainOf(address)} is paused`);
  }

  #wait(kind: Pause['kind'], name: string, now: number, what: string): LaneWait | undefined {
    const pause = this.#pauses.size === 0 ? undefined : this.#pauses.get(keyOf(kind, name));
    if (!pause || (pause.until !== undefined && pause.until <= now)) return undefined;
    const order = `\`posthorn queue resume --${OPTIONS[kind]} ${pause.name === '' ? 'system' : pause.name}\``;
    const end = pause.until === undefined ? `until ${order}` : `until ${timeOf(pause.until)} (or ${order})`;
    const why = pause.reason === '' ? '' : ` (${pause.reason})`;
    return { rule: `${kind}-paused`, reason: `${what} by the administrator${why} ${end}.`, ...(pause.until !== undefined && { until: pause.until }), ...(kind !== 'sender' && { concerns: 'site' as const }) };
  }
}

/** Of `queue pause` and `queue resume`. */
const OPTIONS: Readonly<Record<Pause['kind'], string>> = { site: 'site', source: 'ip', sender: 'sender' };

function keyOf(kind: Pause['kind'], name: string): string {
  return `${kind} ${name.toLowerCase()}`;
}
