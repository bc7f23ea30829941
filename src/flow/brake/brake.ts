/**
 * Quotas and the brake for accounts whose password was stolen (contract/sending-brake.ts).
 *
 * Policy: over a quota a message is refused for a while, with the limit and its end. An account that suddenly writes to
 * far more strangers than ever is *braked*: nothing is lost and nothing refused at first; what it sends and what of it
 * waits is held, the postmaster is told, and a person decides. Local recipients are held, too: colleagues are the first
 * that a thief writes to. After BRAKE_LIMITS.heldMessagesMax held messages further ones are refused for the time being.
 * Figures are counted in memory and written every two seconds: a crash forgets less than that.
 *
 * What scripts of an account send (redirects, answers, notifications) has the same limits, counted by itself and in memory
 * only: who floods a mailbox must not stop its owner from writing, nor make a relay of a script.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { BRAKE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import { BRAKE_REASON, type BrakeControl, type BrakeVerdict, type SendingBrake, type SubmittedMessage } from '../../contract/sending-brake.ts';
import type { AccountUsageRows, UsageStore } from '../../store/clients/usage.ts';
import { AccountUsage, HOUR_MS } from './account-usage.ts';
import { clientNetwork } from './client-network.ts';
import { overQuota, quotaOf, suspicionOf, type Quota, type Suspicion } from './rules.ts';

/** Told when an account has been braked, after that is stored. */
export interface BrakeAlarm {
  readonly account: string;
  readonly rule: Suspicion['rule'];
  readonly text: string;
  /** What held recipients say. */
  readonly reason: string;
  readonly clientAddress?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface BrakePorts {
  readonly store: UsageStore;
  /** The live one. */
  readonly config: Pick<Config, 'quota'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Holds what of the account waits, and tells the postmaster. Its failure is logged and changes nothing. */
  readonly onBraked: (alarm: BrakeAlarm) => Promise<void>;
}

export interface Brake extends SendingBrake, BrakeControl {
  /** What became of a recipient of an account's message. */
  noteOutcome(account: string, outcome: 'delivered' | 'dead'): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

export function createBrake(ports: BrakePorts): Brake {
  return new AccountBrake(ports);
}

class AccountBrake implements Brake {
  readonly #ports: BrakePorts;
  /** The most recently used last. */
  readonly #accounts = new Map<string, Promise<AccountUsage>>();
  /** What scripts sent, in the same order. */
  readonly #automatic = new Map<string, AccountUsage>();
  readonly #changed = new Set<AccountUsage>();
  #flushTimer: Timer | undefined;
  #pruneTimer: Timer | undefined;
  #closed = false;

  constructor(ports: BrakePorts) {
    this.#ports = ports;
    this.#schedulePrune();
  }

  async judge(message: SubmittedMessage): Promise<BrakeVerdict> {
    const { clock, config, log } = this.#ports;
    const usage = await this.#usage(message.account.toLowerCase());
    const now = clock.now();
    const quota = quotaOf(config.quota, usage.quota);
    if (usage.brake?.state === 'braked' && quota.brake) return this.#whileBraked(usage);
    if (message.automatic) return this.#judgeAutomatic(usage, quota, message.recipients, now);
    const refusal = overQuota(usage, quota, message.recipients.length, now);
    if (refusal) {
      log.warn('account.over-quota', { account: usage.account, recipients: message.recipients.length, code: refusal.code, text: refusal.text });
      return { kind: 'refuse', reply: refusal, rule: 'over-quota' };
    }
    const network = clientNetwork(message.clientAddress);
    usage.count(message.recipients, network, now);
    this.#note(usage);
    const suspicion = quota.brake ? suspicionOf(usage, network, now) : undefined;
    return suspicion ? this.#pull(usage, suspicion, message, now) : { kind: 'pass' };
  }

  noteOutcome(account: string, outcome: 'delivered' | 'dead'): void {
    const note = async (): Promise<void> => {
      const usage = await this.#usage(account.toLowerCase());
      usage.countOutcome(outcome, this.#ports.clock.now());
      this.#note(usage);
    };
    note().catch((error: unknown) => this.#ports.log.warn('brake.not-counted', { account, error: String(error) }));
  }

  async reload(account: string): Promise<void> {
    await this.flush();
    this.#accounts.delete(account.toLowerCase());
  }

  async flush(): Promise<void> {
    this.#flushTimer?.cancel();
    this.#flushTimer = undefined;
    if (this.#changed.size === 0) return;
    const changes = [...this.#changed].map((usage) => usage.takeChange());
    this.#changed.clear();
    try {
      await this.#ports.store.put(changes);
    } catch (error) {
      // The figures stay in memory and go with the next change of their account.
      this.#ports.log.warn('brake.not-written', { accounts: changes.length, error: String(error) });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pruneTimer?.cancel();
    await this.flush();
  }

  #judgeAutomatic({ account }: AccountUsage, quota: Quota, recipients: readonly string[], now: number): BrakeVerdict {
    const usage = this.#automatic.get(account) ?? new AccountUsage(account, NOTHING_SENT);
    this.#automatic.delete(account);
    this.#automatic.set(account, usage);
    dropOldest(this.#automatic);
    const refusal = overQuota(usage, quota, recipients.length, now);
    if (refusal) return { kind: 'refuse', reply: refusal, rule: 'over-quota' };
    usage.count(recipients, undefined, now);
    return { kind: 'pass' };
  }

  #whileBraked(usage: AccountUsage): BrakeVerdict {
    const { brake } = usage;
    usage.heldMessages += 1;
    if (usage.heldMessages <= BRAKE_LIMITS.heldMessagesMax) return { kind: 'hold', reason: brake?.reason ?? BRAKE_REASON, rule: brake?.rule ?? '' };
    // RFC 3463 §3.8: X.7.1, temporary.
    const text = `Sending by ${usage.account} is stopped until the administrator of this server has looked at it; ${BRAKE_LIMITS.heldMessagesMax} messages are held`;
    return { kind: 'refuse', reply: { code: 450, enhanced: '4.7.1', text }, rule: 'braked' };
  }

  async #pull(usage: AccountUsage, { rule, text }: Suspicion, message: SubmittedMessage, now: number): Promise<BrakeVerdict> {
    const { store, log, onBraked } = this.#ports;
    const reason = `${BRAKE_REASON} ${text}. If that is right: posthorn brake release ${usage.account}; if not, change its password first, then: posthorn brake release ${usage.account} --delete.`;
    const { strangers } = usage.thisHour(now);
    // Before anything is waited for: the next message of this account must find it.
    usage.brake = { account: usage.account, state: 'braked', rule, reason, at: now, strangers, releasedAt: null };
    usage.heldMessages = 1;
    log.warn('account.braked', { account: usage.account, rule, text, clientAddress: message.clientAddress });
    await store.setBrake(usage.brake);
    const alarm: BrakeAlarm = { account: usage.account, rule, text, reason, at: now, ...(message.clientAddress === undefined ? {} : { clientAddress: message.clientAddress }) };
    void onBraked(alarm).catch((error: unknown) => log.error('brake.alarm-failed', { account: usage.account, error: String(error) }));
    return { kind: 'hold', reason, rule };
  }

  #note(usage: AccountUsage): void {
    this.#changed.add(usage);
    if (!this.#closed) this.#flushTimer ??= this.#ports.clock.timer(BRAKE_LIMITS.flushMs, () => void this.flush());
  }

  async #usage(account: string): Promise<AccountUsage> {
    const known = this.#accounts.get(account);
    const usage = known ?? this.#load(account);
    if (known) this.#accounts.delete(account);
    this.#accounts.set(account, usage);
    // What was counted is written all the same: #changed keeps it.
    dropOldest(this.#accounts);
    return usage;
  }

  #load(account: string): Promise<AccountUsage> {
    const { store, clock } = this.#ports;
    // What an object of this account, dropped a moment ago, has counted must be there to be read.
    const loading = this.flush().then(async () => new AccountUsage(account, await store.account(account, Math.floor(clock.now() / HOUR_MS))));
    loading.catch(() => {
      if (this.#accounts.get(account) === loading) this.#accounts.delete(account);
    });
    return loading;
  }

  #schedulePrune(): void {
    this.#pruneTimer = this.#ports.clock.timer(BRAKE_LIMITS.pruneEveryMs, () => {
      void this.#prune().catch((error: unknown) => this.#ports.log.warn('brake.prune-failed', { error: String(error) }));
      this.#schedulePrune();
    });
  }

  async #prune(): Promise<void> {
    const at = this.#ports.clock.now() - BRAKE_LIMITS.historyDays * 24 * HOUR_MS;
    let removed: number;
    do removed = await this.#ports.store.prune({ hour: Math.floor(at / HOUR_MS), at }, BRAKE_LIMITS.pruneBatchMax);
    while (removed >= BRAKE_LIMITS.pruneBatchMax && !this.#closed);
  }
}

const NOTHING_SENT: AccountUsageRows = { quota: null, brake: null, hours: [], networks: [], known: null, peakStrangers: 0, firstHour: null };

function dropOldest(accounts: Map<string, unknown>): void {
  for (const oldest of accounts.keys()) {
    if (accounts.size <= BRAKE_LIMITS.accountsMax) return;
    accounts.delete(oldest);
  }
}
