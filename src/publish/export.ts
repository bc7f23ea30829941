/**
 * Wanted records for other tools: a zone file (RFC 1035 §5), DNSControl (dnsconfig.js) and octoDNS (YAML). What lies outside
 * of the zone is left out of the latter two, and is a comment in the first.
 */
import type { DesiredSet } from './plan.ts';
import { txtContent } from './record-text.ts';
import { readCaa } from './record-value.ts';

export interface ZoneExport {
  /** Name of the zone. */
  readonly zone: string;
  readonly sets: readonly DesiredSet[];
}

/** Relative to the zone; '@' for its own name, undefined when it lies outside. */
function relative(name: string, zone: string): string | undefined {
  if (name === zone) return '@';
  return name.endsWith(`.${zone}`) ? name.slice(0, -zone.length - 1) : undefined;
}

/** Without SOA and NS, which are not ours to say: for $INCLUDE, or to be copied into a zone. Names are absolute, so that single lines can be copied as well. */
export function zoneFile({ zone, sets }: ZoneExport): string {
  const inside = sets.flatMap((set) => set.values.map((value) => ({ set, value, owner: relative(set.name, zone) })));
  const width = Math.max(1, ...inside.filter(({ owner }) => owner !== undefined).map(({ set }) => set.name.length + 1));
  const lines = inside.filter(({ owner }) => owner !== undefined).map(({ set, value }) => `${`${set.name}.`.padEnd(width)} ${set.ttlSeconds} IN ${set.type.padEnd(5)} ${value}`);
  const outside = inside.filter(({ owner }) => owner === undefined).map(({ set, value }) => `; in another zone: ${set.name}. ${set.ttlSeconds} IN ${set.type} ${value}`);
  return `${[`$ORIGIN ${zone}.`, ...lines, ...outside].join('\n')}\n`;
}

/** One `D_EXTEND` for each zone, since registrar and provider stand in the D() of who uses it. */
export function dnsControl(exports: readonly ZoneExport[]): string {
  const blocks = exports.map(({ zone, sets }) => {
    const rows = sets.flatMap((set) => set.values.flatMap((value) => {
      const owner = relative(set.name, zone);
      return owner === undefined ? [] : [`  ${controlRow(set, owner, value)}`];
    }));
    return `D_EXTEND(${quote(zone)},\n${rows.join(',\n')}\n);`;
  });
  return `// Put behind the D() of each domain, or include with require().\n${blocks.join('\n\n')}\n`;
}

function controlRow({ type, ttlSeconds }: DesiredSet, owner: string, value: string): string {
  const words = value.split(/\s+/);
  const name = quote(owner);
  const ttl = `TTL(${ttlSeconds})`;
  switch (type) {
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'PTR':
      return `${type}(${name}, ${quote(value)}, ${ttl})`;
    case 'MX':
      return `MX(${name}, ${words[0]}, ${quote(words[1] ?? '')}, ${ttl})`;
    case 'SRV':
      return `SRV(${name}, ${words.slice(0, 3).join(', ')}, ${quote(words[3] ?? '')}, ${ttl})`;
    case 'TLSA':
      return `TLSA(${name}, ${words.slice(0, 3).join(', ')}, ${quote(words.slice(3).join(''))}, ${ttl})`;
    case 'CAA':
      return `CAA(${name}, ${quote(words[1] ?? '')}, ${quote(readCaa(value)?.value ?? '')}${words[0] === '0' ? '' : ', CAA_CRITICAL'}, ${ttl})`;
    case 'TXT':
      return `TXT(${name}, ${quote(txtContent(value))}, ${ttl})`;
    default:
      return `// ${type} ${owner} ${value}`;
  }
}

/** A string of JavaScript; it is one of YAML as well. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** The file ZONE.yaml of octoDNS. */
export function octoDns({ zone, sets }: ZoneExport): string {
  const names = new Map<string, DesiredSet[]>();
  for (const set of sets) {
    const owner = relative(set.name, zone);
    if (owner === undefined) continue;
    const key = owner === '@' ? '' : owner;
    names.set(key, [...(names.get(key) ?? []), set]);
  }
  const blocks = [...names].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([owner, its]) => `${quote(owner)}:\n${its.toSorted((a, b) => (a.type < b.type ? -1 : 1)).map(octoSet).join('')}`);
  return `---\n${blocks.join('')}`;
}

function octoSet({ type, ttlSeconds, values }: DesiredSet): string {
  const head = `  - ttl: ${ttlSeconds}\n    type: ${type}\n`;
  if (type === 'CNAME') return `${head}    value: ${quote(values[0] ?? '')}\n`;
  return `${head}    values:\n${values.map((value) => octoValue(type, value)).join('')}`;
}

function fields(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([key, text], at) => `${at === 0 ? '      - ' : '        '}${key}: ${text}\n`).join('');
}

function octoValue(type: DesiredSet['type'], value: string): string {
  const words = value.split(/\s+/);
  switch (type) {
    case 'MX':
      return fields([['exchange', quote(words[1] ?? '')], ['preference', words[0] ?? '0']]);
    case 'SRV':
      return fields([['port', words[2] ?? '0'], ['priority', words[0] ?? '0'], ['target', quote(words[3] ?? '')], ['weight', words[1] ?? '0']]);
    case 'CAA':
      return fields([['flags', words[0] ?? '0'], ['tag', quote(words[1] ?? '')], ['value', quote(readCaa(value)?.value ?? '')]]);
    case 'TLSA':
      return fields([['certificate_association_data', quote(words.slice(3).join(''))], ['certificate_usage', words[0] ?? '3'], ['matching_type', words[2] ?? '1'], ['selector', words[1] ?? '1']]);
    // A semicolon has to be escaped there, since octoDNS keeps the form of zone files.
    case 'TXT':
      return `      - ${quote(txtContent(value).replaceAll(';', '\\;'))}\n`;
    default:
      return `      - ${quote(value)}\n`;
  }
}
