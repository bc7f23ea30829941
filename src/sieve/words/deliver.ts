/** What becomes of the message: keep, fileinto, redirect, discard (RFC 5228 §4), reject and ereject (RFC 5429). */
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { AnyCall } from '../program.ts';
import type { Machine } from '../run/machine.ts';
import { SieveFailure } from '../run/meter.ts';
import type { CommandSpec, TagSpec } from '../signature.ts';
import { checkAddresses, readAddress } from './addresses.ts';
import { tagTexts, textsOf } from './call-texts.ts';
import { splitFlags, usualSpelling } from './flags.ts';

const FLAGS: TagSpec = { name: 'flags', value: 'strings', requires: ['imap4flags'] };
const COPY: TagSpec = { name: 'copy', requires: ['copy'] };

/** RFC 5232 §5: `:flags`, else the internal variable. */
function flagsOf(call: AnyCall, machine: Machine): readonly string[] {
  const given = call.tags.get('flags');
  return usualSpelling(given === undefined ? machine.flags : splitFlags(machine.strings(given)));
}

export const KEEP: CommandSpec = {
  kind: 'command',
  name: 'keep',
  tags: [FLAGS],
  async execute(call, machine) {
    machine.act({ kind: 'keep', implicit: false, line: call.line, flags: flagsOf(call, machine), edition: await machine.message.edition() }, true);
  },
};

export const DISCARD: CommandSpec = {
  kind: 'command',
  name: 'discard',
  execute(call, machine) {
    machine.act({ kind: 'discard', line: call.line }, true);
  },
};

export const FILEINTO: CommandSpec = {
  kind: 'command',
  name: 'fileinto',
  requires: ['fileinto'],
  tags: [
    FLAGS,
    COPY,
    { name: 'create', requires: ['mailbox'] },
    // RFC 9042 §4.1: not both.
    { name: 'mailboxid', value: 'string', requires: ['mailboxid'], group: 'place' },
    { name: 'specialuse', value: 'string', requires: ['special-use'], group: 'place' },
  ],
  positional: [{ name: 'the folder', kind: 'string' }],
  check(call, report) {
    for (const text of textsOf(call, 0)) if (!text.parts && folderProblem(text.source)) report.problem(text, folderProblem(text.source) as string);
    const [use] = tagTexts(call, 'specialuse');
    if (use && !use.parts && !isSpecialUse(use.source)) report.problem(use, `“${use.source}” is no special-use attribute`);
  },
  async execute(call, machine) {
    const named = machine.string(call.values[0]);
    const problem = folderProblem(named);
    if (problem) throw new SieveFailure(problem);
    const mailboxId = machine.tagString(call, 'mailboxid');
    const specialUse = machine.tagString(call, 'specialuse');
    const found = mailboxId !== undefined ? await machine.ports.folderById(mailboxId) : specialUse !== undefined ? await machine.ports.folderForUse(specialUse) : undefined;
    const copy = call.tags.has('copy');
    const folder = normalizeFolder(found ?? named);
    machine.act(
      {
        kind: 'fileinto', line: call.line, folder, copy, flags: flagsOf(call, machine), create: call.tags.has('create'), edition: await machine.message.edition(),
        ...(mailboxId !== undefined && { mailboxId }), ...(specialUse !== undefined && { specialUse }),
      },
      !copy,
    );
  },
};

/** RFC 9051 §5.1: INBOX in any case is INBOX; names are compared in NFC. */
function normalizeFolder(name: string): string {
  return (/^inbox(?=\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name).normalize('NFC');
}

function folderProblem(name: string): string | undefined {
  if (name === '') return 'the name of a folder may not be empty';
  if (/[\p{Cc}\u2028\u2029\ufffd]/u.test(name)) return 'the name of a folder may not hold control characters';
  return name.length > 1000 ? 'the name of the folder is too long' : undefined;
}

export function isSpecialUse(attribute: string): boolean {
  return /^\\[A-Za-z][A-Za-z0-9_-]*$/.test(attribute);
}

const DSN_CONDITIONS: Readonly<Record<string, 'never' | 'success' | 'failure' | 'delay'>> = { NEVER: 'never', SUCCESS: 'success', FAILURE: 'failure', DELAY: 'delay' };

export const REDIRECT: CommandSpec = {
  kind: 'command',
  name: 'redirect',
  tags: [COPY, { name: 'notify', value: 'string', requires: ['redirect-dsn'] }, { name: 'ret', value: 'string', requires: ['redirect-dsn'] }],
  positional: [{ name: 'the address', kind: 'string' }],
  check(call, report) {
    checkAddresses(textsOf(call, 0), report);
    for (const [tag, isRight] of [['notify', (value: string) => notifyOf(value) !== undefined], ['ret', (value: string) => /^(full|hdrs)$/i.test(value)]] as const) {
      const [text] = tagTexts(call, tag);
      if (text && !text.parts && !isRight(text.source)) report.problem(text, `“${text.source}” is no value of “:${tag}”`);
    }
  },
  async execute(call, machine) {
    const given = machine.string(call.values[0]);
    const address = readAddress(given);
    if (!address) throw new SieveFailure(`“${given}” is no address to redirect to`);
    const copy = call.tags.has('copy');
    const notify = notifyOf(machine.tagString(call, 'notify') ?? '');
    const ret = machine.tagString(call, 'ret')?.toLowerCase();
    machine.act(
      {
        kind: 'redirect', line: call.line, address, copy, edition: await machine.message.edition(),
        ...(notify && { notify }), ...(ret !== undefined && { returnContent: ret === 'full' ? ('full' as const) : ('headers' as const) }),
      },
      !copy,
    );
  },
};

/** RFC 3461 §4.1: NEVER stands alone. */
function notifyOf(value: string): ('never' | 'success' | 'failure' | 'delay')[] | undefined {
  if (value === '') return undefined;
  const conditions = value.toUpperCase().split(',').map((word) => DSN_CONDITIONS[word.trim()]);
  if (conditions.includes(undefined) || (conditions.includes('never') && conditions.length > 1)) return undefined;
  return conditions as ('never' | 'success' | 'failure' | 'delay')[];
}

function refusal(form: 'reject' | 'ereject'): CommandSpec {
  return {
    kind: 'command',
    name: form,
    requires: [form],
    positional: [{ name: 'the reason', kind: 'string' }],
    execute(call, machine) {
      machine.act({ kind: 'reject', form, line: call.line, text: machine.string(call.values[0]).slice(0, SIEVE_LIMITS.textCharsMax) }, true);
    },
  };
}

export const REJECT = refusal('reject');
export const EREJECT = refusal('ereject');
