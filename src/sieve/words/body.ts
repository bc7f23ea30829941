/** `body` (RFC 5173). The body is read only here. Matching sets no match values (RFC 5173 §6). */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import { textOf } from '../../mail/header.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import type { AnyCall } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { contentOf, framesOf, hasContentType, isReadable, readableOf, walkParts } from '../run/part-text.ts';
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
  // RFC 5173 §4: where no empty line ends the header, there is no body, not even an empty one.
  if (!machine.message.hasBody) return [];
  const bytes = await machine.message.bytes();
  if (call.tags.has('raw')) return [textOf(bytes.subarray(machine.message.source.bodyOffset, machine.message.source.bodyOffset + SIEVE_LIMITS.partBytesMax))];
  const wanted = call.tags.has('content') ? machine.strings(call.tags.get('content')) : undefined;
  const values: string[] = [];
  for (const part of walkParts(await machine.message.root())) {
    const isWanted = wanted ? wanted.some((type) => hasContentType(part, type)) : isReadable(part);
    machine.meter.spend(1);
    if (!isWanted) continue;
    if (machine.meter.isDue) await machine.meter.pause();
    values.push(...(wanted ? contentValues(machine, bytes, part) : [machine.message.partText(part, 'readable', () => readableOf(bytes, part))]));
  }
  return values;
}

function contentValues(machine: Machine, bytes: Buffer, part: MimePart): string[] {
  return part.parts || part.message ? framesOf(bytes, part) : [machine.message.partText(part, 'content', () => contentOf(bytes, part))];
}
