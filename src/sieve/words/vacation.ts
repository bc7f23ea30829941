/** `vacation` (RFC 5230) with `:seconds` (RFC 6131). */
import { createHash } from 'node:crypto';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { AnyCall } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { SieveFailure } from '../run/meter.ts';
import type { CommandSpec } from '../signature.ts';
import { checkAddresses, readAddress } from './addresses.ts';
import { tagTexts } from './call-texts.ts';

export const VACATION: CommandSpec = {
  kind: 'command',
  name: 'vacation',
  requires: ['vacation'],
  tags: [
    { name: 'days', value: 'number', group: 'period' },
    { name: 'seconds', value: 'number', group: 'period', requires: ['vacation-seconds'] },
    { name: 'subject', value: 'string' },
    { name: 'from', value: 'string' },
    { name: 'addresses', value: 'strings' },
    { name: 'mime' },
    { name: 'handle', value: 'string' },
  ],
  positional: [{ name: 'the reason', kind: 'string' }],
  check(call, report) {
    checkAddresses(tagTexts(call, 'from'), report);
    for (const text of tagTexts(call, 'addresses')) {
      if (!text.parts && !readAddress(text.source)) report.warning(text, `“${text.source}” is no address and is ignored`);
    }
  },
  execute(call, machine) {
    const from = machine.tagString(call, 'from');
    if (from !== undefined && !readAddress(from)) throw new SieveFailure(`“${from}” is no address to answer from`);
    const reason = machine.string(call.values[0]).slice(0, SIEVE_LIMITS.textCharsMax);
    const subject = machine.tagString(call, 'subject')?.replace(/[\r\n\0]+/g, ' ');
    const mime = call.tags.has('mime');
    const handle = machine.tagString(call, 'handle') ?? digest([reason, subject ?? '', from ?? '', String(mime)]);
    machine.act(
      {
        kind: 'vacation', line: call.line, reason, mime, subject, from, handle, periodSeconds: periodOf(call, machine),
        addresses: machine.strings(call.tags.get('addresses')).map(readAddress).filter((address) => address !== undefined),
      },
      false,
    );
  },
};

/** RFC 5230 §4.2: what differs in any argument is another answer. */
function digest(pieces: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(pieces)).digest('hex').slice(0, 32);
}

/** RFC 5230 §4.1 and RFC 6131 §2: brought into what the site allows. */
function periodOf(call: AnyCall, machine: Machine): number {
  const { periodMinSeconds, periodDefaultSeconds, periodMaxSeconds } = machine.environment.vacation;
  const days = call.tags.get('days');
  const seconds = call.tags.get('seconds');
  // RFC 5230 §4.1: days count from one; only `:seconds 0` asks for an answer to each message.
  const wanted = typeof days === 'number' ? Math.max(1, days) * 86_400 : typeof seconds === 'number' ? seconds : periodDefaultSeconds;
  return Math.min(Math.max(wanted, periodMinSeconds), periodMaxSeconds);
}
