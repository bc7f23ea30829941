/**
 * Attaches to a setting what people need to know about it: one line of help, the default as it would be written in
 * posthorn.toml, and when it came. The reference page, the commented template and the error messages all read it here.
 */
import { z } from 'zod';

/** A TOML value as a person writes it. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | { readonly [key: string]: TomlValue };

export interface SettingFacts {
  readonly help: string;
  /** As written in the file; absent for required and optional settings. */
  readonly default?: TomlValue;
  /** What an optional setting means when it is left out. */
  readonly otherwise?: string;
  /** In this version the value is read but does nothing; the sentence says so. */
  readonly later?: string;
  readonly required?: boolean;
}

/** A setting that must be there. */
export function required<T extends z.ZodType>(type: T, help: string) {
  return type.meta({ ...type.meta(), help, required: true });
}

/** A setting with a default, given as it would be written in the file. */
export function setting<T extends z.ZodType>(type: T, help: string, value: TomlValue) {
  return type.prefault(value as z.input<T>).meta({ ...type.meta(), help, default: value });
}

/** A setting that may be left out; `otherwise` says what then happens. */
export function optional<T extends z.ZodType>(type: T, help: string, otherwise: string) {
  return type.optional().meta({ ...type.meta(), help, otherwise });
}

/** A setting of a coming version: accepted, so that one file serves both, and answered with a warning when used. */
export function coming<T extends z.ZodType>(type: T, help: string, later: string) {
  return type.optional().meta({ ...type.meta(), help, later });
}

/** A table whose settings all have defaults, so that it may be left out. */
export function table<S extends z.ZodRawShape>(help: string, shape: S) {
  const object = z.strictObject(shape, { error: tableError });
  return object.prefault({} as z.input<typeof object>).meta({ help });
}

/** A table that means something only when it is there. */
export function optionalTable<S extends z.ZodRawShape>(help: string, shape: S) {
  return z.strictObject(shape, { error: tableError }).optional().meta({ help });
}

function tableError(issue: { readonly code?: string }): string | undefined {
  return issue.code === 'invalid_type' ? 'a table' : undefined;
}

export function factsOf(type: z.ZodType): Partial<SettingFacts> & { kind?: string; allowed?: string } {
  return (type.meta() ?? {}) as Partial<SettingFacts> & { kind?: string; allowed?: string };
}

/** The type inside optional and default wrappers. */
export function bare(type: z.ZodType): z.ZodType {
  let current: z.ZodType = type;
  while (current instanceof z.ZodOptional || current instanceof z.ZodPrefault) current = current.unwrap() as z.ZodType;
  return current;
}
