/** What is known besides the message: environment (RFC 5183), spamtest and virustest (RFC 5235), duplicate (RFC 7352). */
import { createHash } from 'node:crypto';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { TestSpec } from '../signature.ts';
import { isFieldName } from '../run/header-state.ts';
import { tagTexts } from './call-texts.ts';

export const ENVIRONMENT: TestSpec = {
  kind: 'test',
  name: 'environment',
  requires: ['environment'],
  matches: true,
  positional: [{ name: 'the item', kind: 'string' }, { name: 'keys', kind: 'strings' }],
  evaluate(call, machine) {
    const name = machine.string(call.values[0]).toLowerCase();
    const { items } = machine.environment;
    // RFC 5183 §4: an unknown item fails, whatever the keys.
    return Object.hasOwn(items, name) && machine.matches(call.match, [items[name] as string], machine.strings(call.values[1]));
  },
};

/** RFC 5235 §3.2 and §3.3: 0 is “not looked at”, which :count tells from a score. */
export const SPAMTEST: TestSpec = {
  kind: 'test',
  name: 'spamtest',
  requires: ['spamtest'],
  matches: true,
  tags: [{ name: 'percent', requires: ['spamtestplus'] }],
  positional: [{ name: 'the score', kind: 'string' }],
  evaluate(call, machine) {
    const { spam } = machine.environment;
    const keys = machine.strings(call.values[0]);
    if (call.match.type === 'count') return machine.matchesCount(call.match, spam && spam.score > 0 ? 1 : 0, keys);
    return machine.matches(call.match, [String((call.tags.has('percent') ? spam?.percent : spam?.score) ?? 0)], keys);
  },
};

export const VIRUSTEST: TestSpec = {
  kind: 'test',
  name: 'virustest',
  requires: ['virustest'],
  matches: true,
  positional: [{ name: 'the score', kind: 'string' }],
  evaluate: (call, machine) => machine.matches(call.match, [String(machine.environment.virus ?? 0)], machine.strings(call.values[0])),
};

export const DUPLICATE: TestSpec = {
  kind: 'test',
  name: 'duplicate',
  requires: ['duplicate'],
  tags: [
    { name: 'handle', value: 'string' },
    { name: 'header', value: 'string', group: 'unique id' },
    { name: 'uniqueid', value: 'string', group: 'unique id' },
    { name: 'seconds', value: 'number' },
    { name: 'last' },
  ],
  check(call, report) {
    for (const text of tagTexts(call, 'header')) if (!text.parts && !isFieldName(text.source)) report.problem(text, `“${text.source}” is no name of a header field`);
  },
  async evaluate(call, machine) {
    const { header } = machine.message;
    const [field] = header.all(machine.tagString(call, 'header') ?? 'Message-ID');
    const id = machine.tagString(call, 'uniqueid') ?? (field && header.text(field));
    // RFC 7352 §3.1: without an id there is nothing to compare.
    if (id === undefined || id === '') return false;
    const key = createHash('sha256').update(JSON.stringify([machine.tagString(call, 'handle') ?? '', id])).digest('hex');
    const given = call.tags.get('seconds');
    const seconds = Math.min(typeof given === 'number' ? given : SIEVE_LIMITS.duplicateSecondsDefault, SIEVE_LIMITS.duplicateSecondsMax);
    const isKnown = await machine.ports.seen(key, call.tags.has('last') ? { seconds } : undefined);
    if (!isKnown || call.tags.has('last')) machine.act({ kind: 'remember', line: call.line, key, seconds }, false);
    return isKnown;
  },
};
