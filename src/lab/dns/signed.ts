/**
 * Signed messages to the lab's name server: questions, and dynamic updates (RFC 2136) by whoever has the lab's key (RFC 8945),
 * so that publishing records can be rehearsed. An update becomes a record of the lab's own, as `posthorn lab record` makes
 * them, and `posthorn lab record --restore` takes it back.
 */
import dnsPacket from 'dns-packet';
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { CLASS, decodeMessage, encodeMessage, OPCODE, RCODE, type IncomingMessage, type PlacedRecord } from '../../wire/dns/message.ts';
import { DnsFormatError } from '../../wire/dns/name.ts';
import { decodeRdata, TYPE_NUMBERS, typeName } from '../../wire/dns/rdata.ts';
import { sign, verify, type TsigKey } from '../../wire/dns/tsig.ts';
import { interpretQuery, respond } from './responder.ts';
import type { Zones } from './zones.ts';

export interface SignedOptions {
  readonly key: TsigKey;
  readonly zones: Zones;
  readonly clock: Clock;
  /** Whose zone may be changed: not those of providers. */
  readonly mayUpdate: (zone: string) => boolean;
  /** In place of what the name publishes; in effect when it resolves. Rejects with Failure `bad-record`. */
  readonly publish: (sets: readonly PublishedSet[]) => Promise<void>;
}

export interface PublishedSet {
  readonly name: string;
  readonly type: string;
  /** As a zone file writes them. */
  readonly values: readonly string[];
}

export class SignedMessages {
  readonly #options: SignedOptions;

  constructor(options: SignedOptions) {
    this.#options = options;
  }

  /** Is it for us: signed, or an update? */
  concerns(bytes: Buffer): boolean {
    const message = read(bytes);
    return message !== undefined && !message.isResponse && (message.opcode === OPCODE.update || message.additionals.at(-1)?.type === TYPE_NUMBERS['TSIG']);
  }

  /** For bytes that concern us. Never rejects. */
  async answer(bytes: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer> {
    const { key, zones, clock } = this.#options;
    const message = decodeMessage(bytes);
    const now = Math.floor(clock.now() / 1000);
    const verdict = verify(bytes, { key, now });
    if (verdict.kind === 'bad') return plainReply(message, message.opcode === OPCODE.update && verdict.error === -1 ? RCODE.REFUSED : RCODE.NOTAUTH);
    const interpretation = message.opcode === OPCODE.query ? interpretQuery(bytes) : undefined;
    const reply = interpretation?.kind === 'query' ? respond(zones, interpretation.packet, transport, 'none') : plainReply(message, message.opcode === OPCODE.update ? await this.#update(message, bytes) : RCODE.NOTIMP);
    return sign(reply, { key, now, requestMac: verdict.mac }).bytes;
  }

  /** RFC 2136 §3. Gives the RCODE. */
  async #update(message: IncomingMessage, bytes: Buffer): Promise<number> {
    const [zone] = message.questions;
    if (!zone || message.questions.length !== 1 || zone.type !== TYPE_NUMBERS['SOA']) return RCODE.FORMERR;
    if (!this.#options.mayUpdate(zone.name)) return RCODE.REFUSED;
    if ([...message.answers, ...message.authorities].some(({ name }) => name !== zone.name && !name.endsWith(`.${zone.name}`))) return RCODE.NOTZONE;
    try {
      const unmet = this.#unmet(message.answers, bytes);
      if (unmet !== undefined) return unmet;
      await this.#options.publish(this.#changed(message.authorities, bytes));
      return RCODE.NOERROR;
    } catch (error) {
      if (error instanceof Failure || error instanceof DnsFormatError) return RCODE.FORMERR;
      return RCODE.SERVFAIL;
    }
  }

  /** RFC 2136 §3.2. The RCODE of the first prerequisite that does not hold. */
  #unmet(prerequisites: readonly PlacedRecord[], bytes: Buffer): number | undefined {
    const wanted = new Map<string, string[]>();
    for (const { name, type, class: klass, rdataAt, rdata } of prerequisites) {
      const kind = typeName(type);
      const there = kind === 'ANY' ? this.#isInUse(name) : this.#values(name, kind).length > 0;
      if (klass === CLASS.NONE && there) return kind === 'ANY' ? RCODE.YXDOMAIN : RCODE.YXRRSET;
      if (klass === CLASS.ANY && !there) return kind === 'ANY' ? RCODE.NXDOMAIN : RCODE.NXRRSET;
      if (klass !== CLASS.IN) continue;
      const key = `${name} ${kind}`;
      wanted.set(key, [...(wanted.get(key) ?? []), decodeRdata(kind, bytes, rdataAt, rdata.length)]);
    }
    for (const [key, values] of wanted) {
      const [name = '', type = ''] = key.split(' ');
      if (this.#values(name, type).toSorted().join('\n') !== values.toSorted().join('\n')) return RCODE.NXRRSET;
    }
    return undefined;
  }

  /** RFC 2136 §3.4.2: the sets as they are after all updates. */
  #changed(updates: readonly PlacedRecord[], bytes: Buffer): readonly PublishedSet[] {
    const sets = new Map<string, PublishedSet>();
    for (const { name, type, class: klass, rdataAt, rdata } of updates) {
      const kind = typeName(type);
      const key = `${name} ${kind}`;
      const before = sets.get(key)?.values ?? this.#values(name, kind);
      const value = rdata.length === 0 ? '' : decodeRdata(kind, bytes, rdataAt, rdata.length);
      const values = klass === CLASS.ANY ? [] : klass === CLASS.NONE ? before.filter((each) => each !== value) : [...before.filter((each) => each !== value), value];
      sets.set(key, { name, type: kind, values });
    }
    return [...sets.values()];
  }

  #values(name: string, type: string): readonly string[] {
    const answers = this.#options.zones.lookup(name, type).answers.filter((answer) => answer.type === type && answer.name === name);
    if (answers.length === 0) return [];
    const encoded = dnsPacket.encode({ type: 'response', id: 0, answers });
    return decodeMessage(encoded).answers.map(({ rdataAt, rdata }) => decodeRdata(type, encoded, rdataAt, rdata.length));
  }

  #isInUse(name: string): boolean {
    const { rcode, answers } = this.#options.zones.lookup(name, 'ANY');
    return rcode === 'NOERROR' && answers.some((answer) => answer.name === name);
  }
}

function read(bytes: Buffer): IncomingMessage | undefined {
  try {
    return decodeMessage(bytes);
  } catch {
    return undefined;
  }
}

function plainReply({ id, opcode, questions }: IncomingMessage, rcode: number): Buffer {
  return encodeMessage({ id, opcode, questions, response: { rcode } });
}
