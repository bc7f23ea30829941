/** `body` (RFC 5173). The body is read only here. Matching sets no match values (RFC 5173 §6). */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { textOf } from '../../mail/header.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import type { AnyCall } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { contentOf, frameOf, hasContentType, readableOf, walkParts } from '../run/part-text.ts';
import type { TestSpec } from '../signature.ts';

export const BODY: TestSpec = {
  kind: 'test',
  name: 'body',
  requires: ['body'],
  matches: true,
  tags: [
    { name: 'raw', group: 'body transform' },
    { name: 'content', value: 'strings', group: 'body transform' },
    { name: 'text', group: 'body transform' },
  ],
  positional: [{ name: 'keys', kind: 'strings' }],
  async evaluate(call, machine) {
    const keys = machine.strings(call.values[0]);
    const values = await bodyValues(call, machine);
    return machine.matches(call.match, values, keys, { silent: true });
  },
};

async function bodyValues(call: AnyCall, machine: Machine): Promise<string[]> {
  const bytes = await machine.message.bytes();
  if (call.tags.has('raw')) return [textOf(bytes.subarray(machine.message.source.bodyOffset, machine.message.source.bodyOffset + SIEVE_LIMITS.partBytesMax))];
  const wanted = call.tags.has('content') ? machine.strings(call.tags.get('content')) : ['text'];
  const values: string[] = [];
  for (const part of walkParts(await machine.message.root())) {
    if (!wanted.some((type) => hasContentType(part, type))) continue;
    const value = call.tags.has('content') ? contentValue(bytes, part) : readableOf(bytes, part);
    machine.meter.read(value.length);
    values.push(value);
  }
  return values;
}

function contentValue(bytes: Buffer, part: MimePart): string {
  return part.parts || part.message ? frameOf(bytes, part) : contentOf(bytes, part);
}
