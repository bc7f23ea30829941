/** Return paths of forwarded mail (SRS): the keys they are made with, and whom one leads back to. */
import { z } from 'zod';
import { SRS_LIMITS } from '../../base/limits.ts';
import { domainOf, normalizeDomain } from '../../mail/address.ts';
import { readSrsAddress } from '../../mail/srs.ts';
import { createDirectory } from '../../store/directory.ts';
import type { SrsKeys } from '../../store/clients/srs.ts';
import { defineVerb } from '../verb.ts';

export interface SrsKeyRow {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** `signs`: new return paths are made with it; `verifies`: those made before are read with it, until `until`. */
  readonly use: 'signs' | 'verifies';
  readonly until?: number;
}

export interface SrsAnswer {
  readonly address: string;
  readonly result: 'sender' | 'forged' | 'expired' | 'other' | 'foreign';
  /** The sender behind it. */
  readonly sender?: string;
  /** One sentence. */
  readonly explanation: string;
}

const DAY_MS = 86_400_000;

function rows(keys: SrsKeys): SrsKeyRow[] {
  return keys.map(({ id, createdAt }, index) => {
    const successor = keys[index - 1];
    return successor ? { id, createdAt, use: 'verifies', until: successor.createdAt + (SRS_LIMITS.validDays + 1) * DAY_MS } : { id, createdAt, use: 'signs' };
  });
}

const list = defineVerb({
  name: 'srs.keys',
  summary: 'Lists the keys of return paths; makes the first one when there is none.',
  args: z.strictObject({}),
  run: async ({ store, clock }) => ({ keys: rows(await store.srs.keys(clock.now())) }),
});

const rotate = defineVerb({
  name: 'srs.rotate',
  summary: 'Makes a new key for return paths; those made before stay good until they expire.',
  args: z.strictObject({}),
  run: async ({ store, clock, log }) => {
    const keys = rows(await store.srs.rotate(clock.now()));
    log.info('srs.rotated', { key: keys[0]?.id });
    return { keys };
  },
});

const decode = defineVerb({
  name: 'srs.decode',
  summary: 'Says whom a return path leads back to.',
  args: z.strictObject({ address: z.string().min(1).max(1000) }),
  run: async ({ store, clock, config }, { address }): Promise<SrsAnswer> => {
    const now = clock.now();
    const read = readSrsAddress(address, { keys: await store.srs.keys(now), now });
    const answer = (result: SrsAnswer['result'], explanation: string, sender?: string): SrsAnswer => ({ address, result, ...(sender === undefined ? {} : { sender }), explanation });
    if (read.kind === 'other') return answer('other', 'This is no return path: it does not begin with SRS0 or SRS1.');
    const domain = normalizeDomain(domainOf(address));
    const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
    if (domain !== config.forwarding.srsDomain && !(await directory.isLocalDomain(domain))) return answer('foreign', `${domain} is not a domain of this server: only that one can read it.`);
    if (read.kind === 'forged' || read.kind === 'expired') return answer(read.kind, `Refused: ${read.reason}.`);
    const sender = read.kind === 'sender' ? read.sender : await store.srs.recall(read.token);
    if (sender === undefined) return answer('expired', 'Refused: the sender behind it is forgotten.');
    return answer('sender', `Reports to it go to ${sender}.`, sender);
  },
});

export const srsVerbs = [list, rotate, decode] as const;
