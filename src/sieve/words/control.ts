/** Control of the base language (RFC 5228 §3) and of `ihave` (RFC 5463). */
import type { CommandSpec } from '../signature.ts';
import { SieveFailure } from '../run/meter.ts';

/** `elsif` and `else` are branches of it; the compiler puts them there. */
export const IF: CommandSpec = {
  kind: 'command',
  name: 'if',
  async execute(call, machine) {
    for (const { test, block } of call.branches ?? []) {
      if (!test || (await machine.test(test))) return machine.block(block);
    }
    return undefined;
  },
};

export const STOP: CommandSpec = { kind: 'command', name: 'stop', execute: () => 'stop' };

/** RFC 5463 §5. */
export const ERROR: CommandSpec = {
  kind: 'command',
  name: 'error',
  requires: ['ihave'],
  positional: [{ name: 'the message', kind: 'string' }],
  execute(call, machine) {
    throw new SieveFailure(`the script says: ${machine.string(call.values[0])}`);
  },
};
