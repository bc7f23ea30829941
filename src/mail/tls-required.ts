/** The field `TLS-Required: No` (RFC 8689 §5): its author wants the message to arrive even where TLS is broken. */
import type { HeaderField } from './header.ts';

export const TLS_OPTIONAL = ['TLS-Required', 'No'] as const;

/** The RFC knows the one value; what stands there twice or otherwise says nothing. */
export function isTlsOptional(fields: readonly HeaderField[]): boolean {
  const [only, another] = fields.filter(({ lower }) => lower === 'tls-required');
  return only !== undefined && another === undefined && only.value.trim().toLowerCase() === 'no';
}
