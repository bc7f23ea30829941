/**
 * The structure of an ARC chain (RFC 8617 §4.2, §5.2 steps 1 and 3): sets 1 to N without a gap or a double, each with
 * exactly one field of the three kinds.
 */
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import type { HeaderField } from '../../mail/header.ts';
import { parseSeal, type Seal } from './seal.ts';

export interface ArcSet {
  readonly instance: number;
  readonly authenticationResults: HeaderField;
  readonly messageSignature: HeaderField;
  readonly seal: Seal;
  /** What stands behind `i=…;` in ARC-Authentication-Results. */
  readonly results: string;
}

export type Collected =
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly instances: number; readonly reason: string }
  | { readonly kind: 'sets'; readonly sets: readonly ArcSet[] };

const NAMES = ['arc-authentication-results', 'arc-message-signature', 'arc-seal'] as const;
type ArcName = (typeof NAMES)[number];

/** RFC 8617 §4.1.1: i= stands first in ARC-Authentication-Results; anywhere in the two signed fields. */
const FIRST_INSTANCE = /^\s*i\s*=\s*(\d{1,4})\s*(?=;|$)/;
const INSTANCE = /(?:^|;)\s*i\s*=\s*(\d{1,4})\s*(?=;|$)/;

export function collectArcSets(fields: readonly HeaderField[]): Collected {
  const byInstance = new Map<number, Map<ArcName, HeaderField>>();
  for (const field of fields) {
    if (!isArcName(field.lower)) continue;
    const instance = instanceOf(field);
    if (instance < 1 || instance > AUTHENTICATION_LIMITS.arcInstancesMax) {
      return broken(byInstance.size, `${field.name} has no instance from 1 to ${AUTHENTICATION_LIMITS.arcInstancesMax}`);
    }
    const set = byInstance.get(instance) ?? new Map<ArcName, HeaderField>();
    if (set.has(field.lower)) return broken(byInstance.size, `${field.name} occurs twice for instance ${instance}`);
    byInstance.set(instance, set.set(field.lower, field));
  }
  if (byInstance.size === 0) return { kind: 'none' };
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= byInstance.size; instance += 1) {
    const set = completeSet(instance, byInstance.get(instance));
    if (typeof set === 'string') return broken(byInstance.size, set);
    sets.push(set);
  }
  return { kind: 'sets', sets };
}

function completeSet(instance: number, fields: ReadonlyMap<ArcName, HeaderField> | undefined): ArcSet | string {
  const authenticationResults = fields?.get('arc-authentication-results');
  const messageSignature = fields?.get('arc-message-signature');
  const sealField = fields?.get('arc-seal');
  if (!authenticationResults || !messageSignature || !sealField) return `set ${instance} is not complete`;
  const seal = parseSeal(sealField);
  if (typeof seal === 'string') return `set ${instance}: ${seal}`;
  const value = authenticationResults.value;
  const results = value.includes(';') ? value.slice(value.indexOf(';') + 1).trim() : '';
  return { instance, authenticationResults, messageSignature, seal, results };
}

function broken(instances: number, reason: string): Collected {
  return { kind: 'broken', instances, reason };
}

/** 0 when it says none. */
export function instanceOf(field: HeaderField): number {
  const pattern = field.lower === 'arc-authentication-results' ? FIRST_INSTANCE : INSTANCE;
  return Number(pattern.exec(field.value)?.[1] ?? 0);
}

export function isArcName(name: string): name is ArcName {
  return (NAMES as readonly string[]).includes(name);
}
