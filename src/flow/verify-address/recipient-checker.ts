/**
 * Does an address exist at the inner server behind this one? Asked for relay domains that want it (`posthorn route add
 * --verify`), and only at the relay of their route: strangers' servers are never probed.
 *
 * Policy: answers are kept, in memory and in the store: yes for a week, asked again in the background after a day; no for
 * two hours, so that a new mailbox is not refused for long. One question for each address at a time, few at once, each
 * with a deadline. When the inner server cannot be asked, what it said before holds, however old; about others it is
 * unclear, which the client is told as a temporary failure. A relay that did not answer is left alone for a minute.
 */
import type { Clock } from '../../base/clock.ts';
import { RELAY_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Reply } from '../../contract/message.ts';
import type { CheckRecipient, RecipientCheck } from '../../contract/recipient-check.ts';
import type { Routes } from '../../contract/routes.ts';
import type { RelayTarget } from '../../contract/sending.ts';
import { addressKey } from '../../mail/address.ts';
import type { RecipientCheckRow } from '../../store/ops/routes.ts';

/** What a relay said to RCPT, or why it said nothing. */
export type ProbeAnswer =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** The relay could not be asked at all. */
  | { readonly kind: 'unreachable'; readonly detail: string }
  /** It refused before RCPT. */
  | { readonly kind: 'unclear'; readonly detail: string };

export interface RecipientCheckerPorts {
  readonly routes: Routes;
  readonly store: { check(address: string): Promise<RecipientCheckRow | undefined>; noteCheck(row: RecipientCheckRow): Promise<void> };
  /** MAIL FROM:<>, RCPT, and no content. Ends by the signal. */
  readonly probe: (relay: RelayTarget, address: string, signal: AbortSignal) => Promise<ProbeAnswer>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createRecipientChecker(ports: RecipientCheckerPorts): CheckRecipient {
  const checker = new RecipientChecker(ports);
  return (address) => checker.check(address);
}

class RecipientChecker {
  readonly #ports: RecipientCheckerPorts;
  readonly #rows = new Map<string, RecipientCheckRow>();
  readonly #asking = new Map<string, Promise<RecipientCheck>>();
  readonly #places = new Semaphore(RELAY_LIMITS.probesAtOnce);
  /** Relays that could not be asked: until when (monotonic) they are left alone, and why. */
  readonly #silent = new Map<string, { readonly until: number; readonly detail: string }>();

  constructor(ports: RecipientCheckerPorts) {
    this.#ports = ports;
  }

  async check(text: string): Promise<RecipientCheck> {
    const address = addressKey(text);
    try {
      const rule = await this.#ports.routes.find('', address);
      // Nobody but our own relay is asked; where there is none, the address is as good as any.
      if (rule?.match !== 'recipient' || rule.target.kind !== 'relay') return { kind: 'known' };
      return await this.#ask(rule.target.relay, address);
    } catch (error) {
      this.#ports.log.error('recipient.check-failed', { error: String(error) });
      return { kind: 'unclear', detail: 'a problem in this server' };
    }
  }

  async #ask(relay: RelayTarget, address: string): Promise<RecipientCheck> {
    const row = await this.#kept(relay, address);
    const ageMs = row ? this.#ports.clock.now() - row.checkedAt : Number.POSITIVE_INFINITY;
    if (row?.known && ageMs < RELAY_LIMITS.knownAddressMs) {
      if (ageMs >= RELAY_LIMITS.knownAddressRefreshMs) void this.#probe(relay, address);
      return { kind: 'known' };
    }
    if (row && !row.known && ageMs < RELAY_LIMITS.unknownAddressMs) return verdictOf(row);
    const answer = await this.#probe(relay, address);
    return answer.kind === 'unclear' && row?.known ? { kind: 'known' } : answer;
  }

  /** One question for each address at a time; never rejects. */
  #probe(relay: RelayTarget, address: string): Promise<RecipientCheck> {
    const running = this.#asking.get(address);
    if (running) return running;
    if (this.#asking.size >= RELAY_LIMITS.probesWaitingMax) return Promise.resolve({ kind: 'unclear', detail: 'too many questions at once' });
    const asking = this.#probeNow(relay, address)
      .catch((error: unknown): RecipientCheck => ({ kind: 'unclear', detail: String(error) }))
      .finally(() => this.#asking.delete(address));
    this.#asking.set(address, asking);
    return asking;
  }

  async #probeNow(relay: RelayTarget, address: string): Promise<RecipientCheck> {
    const { clock, probe, log } = this.#ports;
    const place = placeOf(relay);
    const ending = new AbortController();
    const timer = clock.timer(RELAY_LIMITS.probeTimeoutMs, () => ending.abort());
    try {
      const answer = await withSignal(ending.signal, this.#places.run(async (): Promise<ProbeAnswer> => {
        const silent = this.#silent.get(place);
        if (silent && silent.until > clock.monotonic()) return { kind: 'unclear', detail: silent.detail };
        return ending.signal.aborted ? noTime() : probe(relay, address, ending.signal);
      }));
      if (answer.kind === 'unreachable') this.#silent.set(place, { until: clock.monotonic() + RELAY_LIMITS.unansweredProbeMs, detail: answer.detail });
      else this.#silent.delete(place);
      const check = checkOf(answer);
      log.info('recipient.checked', { to: address, relay: place, result: check.kind, ...(check.kind === 'unclear' ? { detail: check.detail } : {}) });
      if (check.kind !== 'unclear') await this.#note({ address, relay: place, known: check.kind === 'known', reply: check.kind === 'unknown' ? JSON.stringify(check.reply) : '', checkedAt: clock.now() });
      return check;
    } finally {
      timer.cancel();
    }
  }

  async #kept(relay: RelayTarget, address: string): Promise<RecipientCheckRow | undefined> {
    const row = this.#rows.get(address) ?? (await this.#ports.store.check(address));
    if (row) this.#remember(row);
    return row?.relay === placeOf(relay) ? row : undefined;
  }

  /** An answer that cannot be stored still holds in memory. */
  async #note(row: RecipientCheckRow): Promise<void> {
    this.#remember(row);
    await this.#ports.store.noteCheck(row).catch((error: unknown) => this.#ports.log.error('recipient.check-not-kept', { error: String(error) }));
  }

  #remember(row: RecipientCheckRow): void {
    this.#rows.delete(row.address);
    this.#rows.set(row.address, row);
    if (this.#rows.size > RELAY_LIMITS.checkedAddressesMax) this.#rows.delete(this.#rows.keys().next().value as string);
  }
}

function placeOf({ host, port }: RelayTarget): string {
  return `${host}:${port}`;
}

function noTime(): ProbeAnswer {
  return { kind: 'unreachable', detail: `no answer within ${RELAY_LIMITS.probeTimeoutMs / 1000} s` };
}

/** The client at RCPT waits no longer than the deadline, whatever the network does. */
function withSignal(signal: AbortSignal, answer: Promise<ProbeAnswer>): Promise<ProbeAnswer> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(noTime()), { once: true });
    answer.then(resolve, reject);
  });
}

function verdictOf(row: RecipientCheckRow): RecipientCheck {
  return row.known ? { kind: 'known' } : { kind: 'unknown', reply: JSON.parse(row.reply) as Reply };
}

/** A refusal that is about us (relaying denied, a block) says nothing about the address. */
function checkOf(answer: ProbeAnswer): RecipientCheck {
  if (answer.kind !== 'reply') return { kind: 'unclear', detail: answer.detail };
  const { reply } = answer;
  if (reply.code >= 250 && reply.code < 253) return { kind: 'known' };
  const aboutRecipient = reply.enhanced === undefined ? [550, 551, 553].includes(reply.code) : /^5\.(?:1\.\d+|2\.1|4\.1)$/.test(reply.enhanced);
  if (reply.code >= 500 && aboutRecipient) return { kind: 'unknown', reply };
  return { kind: 'unclear', detail: `${reply.code} ${reply.enhanced ?? ''} ${reply.text}`.slice(0, 300) };
}
