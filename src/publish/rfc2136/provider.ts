/**
 * A name server that takes dynamic updates (RFC 2136) signed with a shared key (RFC 8945): BIND, Knot, PowerDNS, Windows.
 *
 * Record sets are read by asking the primary itself, never a cache. All changes of a zone go in one update, guarded by what
 * they replace. Zones cannot be listed: those of the configuration, else whichever the server says holds a name.
 */
import { Failure } from '../../base/errors.ts';
import { parseEndpoint } from '../../config/values.ts';
import { PUBLISHABLE_TYPES, type ChangeOutcome, type DnsProvider, type DnsZone, type PublishableType, type RecordChange, type RecordSet } from '../../contract/dns-publishing.ts';
import { CLASS, OPCODE, RCODE } from '../../wire/dns/message.ts';
import { DnsFormatError } from '../../wire/dns/name.ts';
import { decodeRdata, TYPE_NUMBERS, typeName, typeNumber } from '../../wire/dns/rdata.ts';
import type { TsigAlgorithm } from '../../wire/dns/tsig.ts';
import { ProviderFailure } from '../provider-failure.ts';
import type { ProviderParts } from '../providers/provider-type.ts';
import { wildcardsAbove } from '../wildcard.ts';
import { askPrimary, UNSIGNED_REFUSAL, type PrimaryServer, type SignedReply } from './exchange.ts';
import { existsMessage, updateMessage } from './update-message.ts';

const SOA = TYPE_NUMBERS['SOA'] as number;

export function createRfc2136Provider(parts: ProviderParts): DnsProvider {
  return new PrimaryNameServer(parts);
}

class PrimaryNameServer implements DnsProvider {
  readonly label: string;
  readonly #parts: ProviderParts;
  readonly #server;

  constructor(parts: ProviderParts) {
    const server = parseEndpoint(parts.settings['server'] ?? '');
    if (!server) throw new Failure('dns-provider-settings', `${parts.label}: server must be an address and a port, such as "192.0.2.53:53"`, { temporary: false });
    this.label = parts.label;
    this.#parts = parts;
    this.#server = server;
  }

  async zones(): Promise<readonly DnsZone[]> {
    return this.#parts.zones.map((name) => ({ name, id: name }));
  }

  async zoneOf(name: string, signal: AbortSignal): Promise<DnsZone | undefined> {
    const [reply] = await askPrimary(await this.#primary(), [question(name, SOA)], signal).catch((error: unknown) => {
      if (error instanceof Failure && error.code === UNSIGNED_REFUSAL) return [];
      throw error;
    });
    const rcode = reply?.message.rcode;
    if (rcode === RCODE.SERVFAIL) throw new ProviderFailure('zone', `${this.label}: the name server cannot answer about ${name} (SERVFAIL), as one does that could not load the zone; its log says why`, { temporary: true });
    if (rcode === RCODE.REFUSED || rcode === RCODE.NOTAUTH) return undefined;
    const soa = [...(reply?.message.answers ?? []), ...(reply?.message.authorities ?? [])].find((record) => record.type === SOA);
    // What lies below a delegation is another server's.
    if (!soa || (name !== soa.name && !name.endsWith(`.${soa.name}`))) return undefined;
    return { name: soa.name, id: soa.name };
  }

  async recordSets(zone: DnsZone, wanted: readonly Pick<RecordSet, 'name' | 'type'>[], signal: AbortSignal): Promise<readonly RecordSet[]> {
    const replies = await askPrimary(await this.#primary(), wanted.map(({ name, type }) => question(name, typeNumber(type))), signal);
    const found = new Map<string, RecordSet>();
    for (const [at, reply] of replies.entries()) {
      const name = wanted[at]?.name ?? '';
      if (reply.message.rcode !== RCODE.NOERROR && reply.message.rcode !== RCODE.NXDOMAIN) throw this.#refusal(zone, `will not say what ${name} has`, reply);
      for (const set of this.#setsOf(reply, name)) found.set(`${set.name} ${set.type}`, set);
    }
    return this.#withoutWildcards(zone, [...found.values()], signal);
  }

  /** Those that really stand at their names. Where a wildcard says the same, an update that only asks whether the set exists tells (RFC 2136 §2.4.1). */
  async #withoutWildcards(zone: DnsZone, sets: readonly RecordSet[], signal: AbortSignal): Promise<readonly RecordSet[]> {
    const primary = await this.#primary();
    const stars = new Map(sets.flatMap((set) => wildcardsAbove(set.name, zone.name).map((name) => [`${name} ${set.type}`, { name, type: set.type }])));
    const replies = await askPrimary(primary, [...stars.values()].map(({ name, type }) => question(name, typeNumber(type))), signal);
    const covering = [...stars.values()].filter(({ name, type }, at) => (replies[at] ? this.#setsOf(replies[at], name) : []).some((set) => set.type === type));
    const doubtful = sets.filter((set) => covering.some((star) => star.type === set.type && wildcardsAbove(set.name, zone.name).includes(star.name)));
    const verdicts = await askPrimary(primary, doubtful.map((set) => existsMessage(zone.name, set)), signal);
    const unreal = new Set(doubtful.filter((_, at) => verdicts[at]?.message.rcode === RCODE.NXRRSET || verdicts[at]?.message.rcode === RCODE.NXDOMAIN));
    return sets.filter((set) => !unreal.has(set));
  }

  async apply(zone: DnsZone, changes: readonly RecordChange[], signal: AbortSignal): Promise<readonly ChangeOutcome[]> {
    const outcomes = await this.#update(zone, changes, signal);
    if (!outcomes.some(({ kind }) => kind === 'conflict')) return outcomes;
    return this.#afterConflict(zone, changes, signal);
  }

  /** All of them in one update, or none. A conflict does not say which of them it is about. */
  async #update(zone: DnsZone, changes: readonly RecordChange[], signal: AbortSignal): Promise<readonly ChangeOutcome[]> {
    const all = (outcome: ChangeOutcome): readonly ChangeOutcome[] => changes.map(() => outcome);
    let reply: SignedReply | undefined;
    try {
      [reply] = await askPrimary(await this.#primary(), [updateMessage(zone.name, changes)], signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Failure) return all(failedBy(error));
      if (error instanceof DnsFormatError) return all({ kind: 'failed', temporary: false, detail: `${this.label}: ${error.message}` });
      throw error;
    }
    const rcode = reply?.message.rcode;
    if (rcode === RCODE.NOERROR) return all({ kind: 'applied' });
    if (rcode === RCODE.NXRRSET || rcode === RCODE.YXRRSET || rcode === RCODE.YXDOMAIN || rcode === RCODE.NXDOMAIN) return all({ kind: 'conflict', detail: '' });
    const failure = this.#refusal(zone, 'refused the update', reply);
    return all(failedBy(failure));
  }

  /**
   * What is already as it should be needs no change: an interrupted run was answered after all, or never happened and is
   * taken back. The rest is tried once more without it; else each is told whether it met something else than expected.
   */
  async #afterConflict(zone: DnsZone, changes: readonly RecordChange[], signal: AbortSignal): Promise<readonly ChangeOutcome[]> {
    const published = await this.recordSets(zone, changes.map(subjectOf), signal).catch((error: unknown) => {
      if (error instanceof Failure) return error;
      throw error;
    });
    if (published instanceof Failure) return changes.map(() => failedBy(published));
    const now = (change: RecordChange): string => valuesText(published.find((set) => set.name === subjectOf(change).name && set.type === subjectOf(change).type));
    const done = new Set(changes.filter((change) => now(change) === valuesText(change.after)));
    const rest = changes.filter((change) => !done.has(change));
    const outcomes = new Map<RecordChange, ChangeOutcome>();
    const again = done.size > 0 && rest.length > 0 ? await this.#update(zone, rest, signal) : undefined;
    for (const [at, change] of rest.entries()) {
      const { name, type } = subjectOf(change);
      const other = now(change) === valuesText(change.before);
      const conflict = other ? `another record of ${zone.name} was changed by somebody else, so nothing of the zone was changed` : `${name} ${type} was changed by somebody else meanwhile`;
      const outcome = again?.[at];
      outcomes.set(change, outcome && outcome.kind !== 'conflict' ? outcome : { kind: 'conflict', detail: conflict });
    }
    return changes.map((change) => outcomes.get(change) ?? { kind: 'applied' });
  }

  #setsOf(reply: SignedReply, name: string): readonly RecordSet[] {
    try {
      return setsOf(reply, name);
    } catch (error) {
      if (error instanceof DnsFormatError) throw new ProviderFailure('zone', `${this.label}: its answer about ${name} cannot be read: ${error.message}`, { temporary: true });
      throw error;
    }
  }

  async #primary(): Promise<PrimaryServer> {
    const { label, settings, connector, clock, readSecret } = this.#parts;
    const secret = Buffer.from(await readSecret('secret-file'), 'base64');
    const key = { name: settings['key-name'] ?? '', algorithm: (settings['key-algorithm'] ?? 'hmac-sha256') as TsigAlgorithm, secret };
    return { label, server: this.#server, key, connector, clock };
  }

  #refusal(zone: DnsZone, what: string, reply: SignedReply | undefined): ProviderFailure {
    const rcode = reply?.message.rcode ?? -1;
    const name = Object.entries(RCODE).find(([, code]) => code === rcode)?.[0] ?? String(rcode);
    const hint = rcode === RCODE.REFUSED ? ': allow this key to update the zone there' : rcode === RCODE.NOTAUTH ? ': it is not the primary of this zone' : '';
    return new ProviderFailure('zone', `${this.label}: the name server ${what} in ${zone.name} (${name})${hint}`, { temporary: rcode === RCODE.SERVFAIL });
  }
}

function failedBy(failure: Failure): ChangeOutcome {
  return { kind: 'failed', temporary: failure.temporary, detail: failure.message, ...(failure instanceof ProviderFailure && { of: failure.of }) };
}

function question(name: string, type: number) {
  return { opcode: OPCODE.query, questions: [{ name, type, class: CLASS.IN }] };
}

/** All that the answer holds at this very name; an alias shows here, too. */
function setsOf({ message, bytes }: SignedReply, name: string): readonly RecordSet[] {
  const sets = new Map<string, RecordSet & { values: string[] }>();
  for (const record of message.answers) {
    const type = typeName(record.type);
    if (record.name !== name || record.class !== CLASS.IN || !isPublishable(type)) continue;
    const value = decodeRdata(type, bytes, record.rdataAt, record.rdata.length);
    const set = sets.get(type);
    if (set) set.values.push(value);
    else sets.set(type, { name, type, ttlSeconds: record.ttl, values: [value] });
  }
  return [...sets.values()];
}

function isPublishable(type: string): type is PublishableType {
  return (PUBLISHABLE_TYPES as readonly string[]).includes(type);
}

function subjectOf({ before, after }: RecordChange): Pick<RecordSet, 'name' | 'type'> {
  const { name, type } = (before ?? after) as RecordSet;
  return { name, type };
}

/** Equal for the same values in any order; '' for none. */
function valuesText(set: RecordSet | undefined): string {
  return set?.values.toSorted().join('\n') ?? '';
}
