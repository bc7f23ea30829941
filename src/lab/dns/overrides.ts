/**
 * Records that somebody broke on purpose: what a name publishes instead of what it should, until it is restored. Applied to
 * all zones, ours and those of others, so that every fault of a zone can be rehearsed.
 *
 * `DNSSEC` is no type of records here, but a state of a zone: `signed` (answers are secure) or `bogus` (SERVFAIL for
 * everybody who does not switch checking off).
 */
import dnsPacket from 'dns-packet';
import { Failure } from '../../base/errors.ts';
import { toAnswer, zoneName, type ZoneRecord } from './zone-record.ts';
import type { Zone } from './zones.ts';

export interface RecordOverride {
  readonly name: string;
  readonly type: string;
  /** Empty: nothing is published. */
  readonly values: readonly string[];
}

const DNSSEC = 'DNSSEC';
const STATES = ['signed', 'bogus'];

export class RecordOverrides {
  readonly #overrides = new Map<string, RecordOverride>();

  /** Throws Failure `bad-record`. */
  set(name: string, type: string, values: readonly string[]): void {
    const override = { name: zoneName(name), type: type.toUpperCase(), values };
    refuse(override);
    this.#overrides.set(`${override.type} ${override.name}`, override);
  }

  /** Without a name: all of them. Without a type: all of the name. */
  restore(name?: string, type?: string): void {
    for (const [key, override] of this.#overrides) {
      if (name !== undefined && override.name !== zoneName(name)) continue;
      if (type === undefined || override.type === type.toUpperCase()) this.#overrides.delete(key);
    }
  }

  list(): readonly RecordOverride[] {
    return [...this.#overrides.values()];
  }

  /** Does the name lie in a zone whose signatures are wrong? */
  isBogus(name: string): boolean {
    return this.list().some(({ type, name: apex, values }) => type === DNSSEC && values[0] === 'bogus' && isIn(zoneName(name), apex));
  }

  apply(zones: readonly Zone[]): readonly Zone[] {
    const changed = new Map(zones.map((zone) => [zone.apex, zone]));
    for (const override of this.#overrides.values()) {
      // Where no zone is, the name is one of its own.
      const apex = closest([...changed.keys()], override.name) ?? override.name;
      changed.set(apex, withOverride(changed.get(apex) ?? { apex, records: [] }, override));
    }
    return [...changed.values()];
  }
}

function withOverride(zone: Zone, { name, type, values }: RecordOverride): Zone {
  if (type === DNSSEC) return { ...zone, secure: values[0] === 'signed' };
  const rest = zone.records.filter((record) => zoneName(record.name) !== name || record.type !== type);
  return { ...zone, records: [...rest, ...values.map((value): ZoneRecord => ({ name, type, value }))] };
}

function bad(text: string): never {
  throw new Failure('bad-record', text, { temporary: false });
}

function refuse({ name, type, values }: RecordOverride): void {
  if (name === '' || name.length > 253) bad(`"${name}" is no name in the DNS`);
  if (type === DNSSEC) {
    if (values.length !== 1 || !STATES.includes(values[0] ?? '')) bad('DNSSEC is signed or bogus: posthorn lab record example.org DNSSEC bogus');
    return;
  }
  try {
    // A value that no message can carry would keep the name server from answering.
    for (const value of values) dnsPacket.encode({ type: 'response', answers: [toAnswer({ name, type, value })] });
  } catch (error) {
    bad(`${type} "${values.join('" "')}" cannot be published: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function closest(apexes: readonly string[], name: string): string | undefined {
  return apexes.filter((apex) => apex !== '' && isIn(name, apex)).toSorted((a, b) => b.length - a.length)[0];
}

function isIn(name: string, apex: string): boolean {
  return name === apex || name.endsWith(`.${apex}`);
}
