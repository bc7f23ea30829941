/**
 * The list of addresses that are not written to, with what keeps asking it cheap: a set of fingerprints in memory, so
 * that the store is asked only for addresses that are probably on it. Until the set is read, and after another thread
 * changed the list, the store answers.
 *
 * Scope: one list for the whole server. Local parts are compared in lower case: two mailboxes that differ in case alone
 * are rarer than one address written in two ways.
 */
import { FingerprintSet } from '../../base/fingerprint-set.ts';
import { SUPPRESSION_LIMITS } from '../../base/limits.ts';
import type { Suppression, SuppressionLookup, SuppressionSource, SuppressionWrites } from '../../contract/suppression.ts';
import { addressKey, normalizeDomain } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { SoftFailureArgs, SuppressionRow } from '../ops/suppressions.ts';

export interface SuppressionListing {
  /** Addresses after this one. */
  readonly after?: string;
  /** At most SUPPRESSION_LIMITS.listMax, the default. */
  readonly limit?: number;
  readonly domain?: string;
  readonly source?: SuppressionSource;
}

export interface SuppressionStore extends SuppressionLookup {
  /** What stands there already is left: a bounce never replaces a person's order. */
  add(entries: readonly Suppression[]): Promise<SuppressionWrites>;
  /** Returns whether it was there. Forgets soft failures as well. */
  remove(address: string): Promise<boolean>;
  /** By address. */
  list(filter?: SuppressionListing): Promise<readonly Suppression[]>;
  count(): Promise<number>;
  /** One more message failed because the mailbox is full or disabled; true when this completed the series. */
  noteSoft(failure: SoftFailureArgs): Promise<boolean>;
  /** These took a message. Returns those that were on the list for a bounce, and are no longer. */
  noteDelivered(addresses: readonly string[]): Promise<readonly string[]>;
}

export function createSuppressionStore(call: StoreCall, changes: ChangeCount): SuppressionStore {
  return new SuppressionClient(call, changes);
}

class SuppressionClient implements SuppressionStore {
  readonly #call: StoreCall;
  readonly #changes: ChangeCount;
  #known: { readonly set: FingerprintSet; version: number } | undefined;
  #loading = false;

  constructor(call: StoreCall, changes: ChangeCount) {
    this.#call = call;
    this.#changes = changes;
  }

  async find(address: string, nowMs: number): Promise<Suppression | undefined> {
    const key = addressKey(address);
    if (this.#surelyAbsent(key)) return undefined;
    const row = await this.#call('suppressions.find', key);
    return row && stands(row, nowMs) ? fromRow(row) : undefined;
  }

  async add(entries: readonly Suppression[]): Promise<SuppressionWrites> {
    const keyed = entries.map((entry) => ({ ...entry, address: addressKey(entry.address) }));
    const written = await this.#call('suppressions.add', keyed);
    this.#changed(keyed.map(({ address }) => address));
    return written;
  }

  async remove(address: string): Promise<boolean> {
    // The fingerprint stays: the store knows better, and is asked.
    return this.#call('suppressions.remove', addressKey(address));
  }

  async list({ after = '', limit = SUPPRESSION_LIMITS.listMax, domain = '', source }: SuppressionListing = {}): Promise<readonly Suppression[]> {
    return (await this.#call('suppressions.list', { after, limit, domain: normalizeDomain(domain), source: source ?? '' })).map(fromRow);
  }

  count(): Promise<number> {
    return this.#call('suppressions.count', undefined);
  }

  async noteSoft(failure: SoftFailureArgs): Promise<boolean> {
    const address = addressKey(failure.address);
    const { suppressed } = await this.#call('suppressions.noteSoft', { ...failure, address });
    this.#changed([address]);
    return suppressed;
  }

  async noteDelivered(addresses: readonly string[]): Promise<readonly string[]> {
    const keys = addresses.map(addressKey).filter((key) => !this.#surelyAbsent(key));
    return keys.length === 0 ? [] : this.#call('suppressions.noteDelivered', keys);
  }

  noteTried(address: string, atMs: number): Promise<void> {
    return this.#call('suppressions.noteTried', { address: addressKey(address), at: atMs });
  }

  #surelyAbsent(key: string): boolean {
    if (this.#known?.version !== this.#changes.value) {
      void this.#load();
      return false;
    }
    return !this.#known.set.mayHave(key);
  }

  #changed(keys: readonly string[]): void {
    const known = this.#known;
    const current = known !== undefined && known.version === this.#changes.value;
    this.#changes.increase();
    if (!current) return;
    for (const key of keys) known.set.add(key);
    known.version += 1;
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const version = this.#changes.value;
      const set = new FingerprintSet();
      const limit = SUPPRESSION_LIMITS.keysPerRead;
      for (let after = '', more = true; more; ) {
        const keys = await this.#call('suppressions.keys', { after, limit });
        for (const key of keys) set.add(key);
        more = keys.length === limit;
        after = keys.at(-1) ?? '';
      }
      this.#known = { set, version };
    } catch {
      // The store answers meanwhile; the next question tries again.
    } finally {
      this.#loading = false;
    }
  }
}

/** One for a while that begins in the future was made while the clock was ahead: it would stand for as long as that was. */
function stands({ since, expiresAt }: Pick<SuppressionRow, 'since' | 'expiresAt'>, nowMs: number): boolean {
  return expiresAt === null || (expiresAt > nowMs && since <= nowMs);
}

function fromRow(row: SuppressionRow): Suppression {
  const { address, source, reason, rule, reply, since, expiresAt, triedAt, stream } = row;
  return {
    address, source, reason, since,
    ...(rule !== null && { rule }), ...(reply !== null && { reply }), ...(expiresAt !== null && { expiresAt }), ...(triedAt !== null && { triedAt }), ...(stream !== null && stream !== undefined && { stream }),
  };
}
