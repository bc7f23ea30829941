/** `date` and `currentdate` (RFC 5260). */
import { formatDate, parseDate } from '../../mail/date.ts';
import type { AnyCall } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { SieveFailure } from '../run/meter.ts';
import type { Report, TestSpec } from '../signature.ts';
import { checkFieldNames, checkFieldTags, chooseFields, INDEX_TAGS } from './fields.ts';
import { tagTexts, textsOf } from './call-texts.ts';

/** RFC 5260 §4.2: by name, from a time whose UTC fields are those of the zone. */
const PARTS: Readonly<Record<string, (local: Date, zone: number) => string>> = {
  year: (local) => padded(local.getUTCFullYear(), 4),
  month: (local) => padded(local.getUTCMonth() + 1, 2),
  day: (local) => padded(local.getUTCDate(), 2),
  date: (local) => dateOf(local),
  // Modified Julian Day 0 was 1858-11-17, 40587 days before 1970.
  julian: (local) => String(Math.floor(local.getTime() / 86_400_000) + 40_587),
  hour: (local) => padded(local.getUTCHours(), 2),
  minute: (local) => padded(local.getUTCMinutes(), 2),
  second: (local) => padded(local.getUTCSeconds(), 2),
  time: (local) => timeOf(local),
  iso8601: (local, zone) => `${dateOf(local)}T${timeOf(local)}${zoneOf(zone).replace(/(..)$/, ':$1')}`,
  std11: (local, zone) => formatDate(local.getTime() - zone * 60_000, zone),
  zone: (_, zone) => zoneOf(zone),
  weekday: (local) => String(local.getUTCDay()),
};

function padded(value: number, length: number): string {
  return String(value).padStart(length, '0');
}

function dateOf(local: Date): string {
  return `${padded(local.getUTCFullYear(), 4)}-${padded(local.getUTCMonth() + 1, 2)}-${padded(local.getUTCDate(), 2)}`;
}

function timeOf(local: Date): string {
  return `${padded(local.getUTCHours(), 2)}:${padded(local.getUTCMinutes(), 2)}:${padded(local.getUTCSeconds(), 2)}`;
}

function zoneOf(minutes: number): string {
  const absolute = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(absolute / 60), 2)}${padded(absolute % 60, 2)}`;
}

/** `+0130` in minutes. */
function zoneMinutes(text: string): number | undefined {
  const match = /^([+-])([0-9]{2})([0-5][0-9])$/.exec(text);
  if (!match || Number(match[2]) > 23) return undefined;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3]));
}

/** The zone that stands in a date; names count as UTC, as parseDate takes unknown ones. */
function originalZone(text: string): number {
  const zone = /([+-][0-9]{4})\s*(?:\([^()]*\)\s*)?$/.exec(text)?.[1];
  if (zone !== undefined) return zoneMinutes(zone) ?? 0;
  const name = /\s([A-Za-z]{1,5})\s*(?:\([^()]*\)\s*)?$/.exec(text)?.[1];
  const utc = parseDate('1 Jan 2000 00:00:00 +0000') as number;
  return name === undefined ? 0 : (utc - (parseDate(`1 Jan 2000 00:00:00 ${name}`) ?? utc)) / 60_000;
}

function checkDate(call: AnyCall, report: Report, partIndex: number): void {
  const [zone] = tagTexts(call, 'zone');
  if (zone && !zone.parts && zoneMinutes(zone.source) === undefined) report.problem(zone, `“${zone.source}” is no time zone of the form +hhmm or -hhmm`);
  const [part] = textsOf(call, partIndex);
  if (part && !part.parts && !Object.hasOwn(PARTS, part.source.toLowerCase())) report.problem(part, `“${part.source}” is no part of a date`);
}

function zoneFor(call: AnyCall, machine: Machine, time: number): number {
  const given = machine.tagString(call, 'zone');
  if (given === undefined) return machine.environment.zoneMinutes(time);
  const minutes = zoneMinutes(given);
  if (minutes === undefined) throw new SieveFailure(`“${given}” is no time zone of the form +hhmm or -hhmm`);
  return minutes;
}

function datePart(name: string, time: number, zone: number): string[] {
  const lower = name.toLowerCase();
  if (!Object.hasOwn(PARTS, lower)) return [];
  return [(PARTS[lower] as (local: Date, zone: number) => string)(new Date(time + zone * 60_000), zone)];
}

export const DATE: TestSpec = {
  kind: 'test',
  name: 'date',
  requires: ['date'],
  matches: true,
  tags: [{ name: 'zone', value: 'string', group: 'zone' }, { name: 'originalzone', group: 'zone' }, ...INDEX_TAGS],
  positional: [{ name: 'the header name', kind: 'string' }, { name: 'the date part', kind: 'string' }, { name: 'keys', kind: 'strings' }],
  check(call, report) {
    checkFieldTags(call, report);
    checkFieldNames(textsOf(call, 0), report);
    checkDate(call, report, 1);
  },
  async evaluate(call, machine) {
    const fields = await chooseFields(call, machine, [machine.string(call.values[0])]);
    // RFC 5260 §4: without :index the first field counts.
    const values = fields.slice(0, call.match.type === 'count' ? undefined : 1).flatMap(({ field }) => {
      // In Received and its kind the date stands behind the last semicolon.
      const text = field.value.slice(field.value.lastIndexOf(';') + 1).trim();
      const time = parseDate(text);
      if (time === undefined) return [];
      return datePart(machine.string(call.values[1]), time, call.tags.has('originalzone') ? originalZone(text) : zoneFor(call, machine, time));
    });
    return machine.matches(call.match, values, machine.strings(call.values[2]));
  },
};

export const CURRENTDATE: TestSpec = {
  kind: 'test',
  name: 'currentdate',
  requires: ['date'],
  matches: true,
  tags: [{ name: 'zone', value: 'string' }],
  positional: [{ name: 'the date part', kind: 'string' }, { name: 'keys', kind: 'strings' }],
  check: (call, report) => checkDate(call, report, 0),
  evaluate(call, machine) {
    const { now } = machine.environment;
    return machine.matches(call.match, datePart(machine.string(call.values[0]), now, zoneFor(call, machine, now)), machine.strings(call.values[1]));
  },
};
