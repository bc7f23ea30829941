/** The schema as a flat list of what can be written, for the reference page and the commented template. */
import { z } from 'zod';
import { configSchema } from './schema.ts';
import { bare, factsOf, type SettingFacts } from './setting.ts';

export interface SettingEntry extends Partial<SettingFacts> {
  readonly kind: 'setting';
  /** Below its table: `max-message-size`. */
  readonly key: string;
  /** Dotted: `smtp.max-message-size`. */
  readonly name: string;
  readonly type: string;
  readonly allowed: string;
}

export interface TableEntry {
  readonly kind: 'table';
  readonly name: string;
  readonly help: string;
  /** Written as [[name]], any number of times. */
  readonly repeated: boolean;
  readonly optional: boolean;
  readonly entries: readonly (SettingEntry | TableEntry)[];
}

export function configEntries(): readonly (SettingEntry | TableEntry)[] {
  return entriesOf(configSchema, []);
}

function entriesOf(object: z.ZodObject, path: readonly string[]): (SettingEntry | TableEntry)[] {
  return Object.entries(object.shape).map(([key, type]) => entryOf(type as z.ZodType, key, [...path, key]));
}

function entryOf(type: z.ZodType, key: string, path: readonly string[]): SettingEntry | TableEntry {
  const facts = factsOf(type);
  const inner = bare(type);
  const element = inner instanceof z.ZodArray ? bare(inner.element as z.ZodType) : undefined;
  const object = element ?? inner;
  if (object instanceof z.ZodObject && facts.later === undefined) {
    const optional = element !== undefined || type instanceof z.ZodOptional;
    return { kind: 'table', name: path.join('.'), help: facts.help ?? '', repeated: element !== undefined, optional, entries: entriesOf(object, path) };
  }
  const described = factsOf(element ?? inner);
  return {
    ...facts,
    kind: 'setting',
    key,
    name: path.join('.'),
    type: inner instanceof z.ZodObject ? 'table' : `${element ? 'list of ' : ''}${described.kind ?? 'text'}`,
    allowed: described.allowed ?? '',
  };
}
