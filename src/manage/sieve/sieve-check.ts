/** Checks a Sieve script, and tells what it would do with a message. Pure: neither needs a server. */
import { BufferSource } from '../../base/byte-source.ts';
import { firstField, headerEnd, parseHeader, type HeaderField } from '../../mail/header.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import type { SieveAction } from '../../sieve/action.ts';
import { describeAction } from '../../sieve/action-text.ts';
import { compile, EMPTY_PORTS, openSieveMessage, run, type SieveEnvironment, type SieveProblem } from '../../sieve/script.ts';

export interface SieveCheck {
  readonly ok: boolean;
  readonly problems: readonly SieveProblem[];
  readonly warnings: readonly SieveProblem[];
}

export function checkSieve(script: Buffer): SieveCheck {
  const result = compile(script);
  return { ok: result.ok, problems: result.ok ? [] : result.problems, warnings: result.warnings };
}

export interface SieveTrialInput {
  readonly script: Buffer;
  /** As it would be stored; line ends may be LF alone. */
  readonly message: Buffer;
  /** Default: the Return-Path, else the first address of From. */
  readonly from?: string;
  /** Default: Delivered-To, else the first address of To. */
  readonly to?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly hostname?: string;
  /** Folders that are there beside INBOX; default: every folder. */
  readonly folders?: readonly string[];
  /** 0 to 10 (RFC 5235); default: not looked at. */
  readonly spam?: number;
  /** For include. Default: there are none. */
  readonly included?: (location: 'personal' | 'global', name: string) => Promise<Buffer | undefined>;
}

export interface SieveTrial extends SieveCheck {
  readonly from: string;
  readonly to: string;
  /** In words, one line each. */
  readonly text: readonly string[];
  /** As data; what a changed message looks like as its header. */
  readonly actions: readonly Readonly<Record<string, unknown>>[];
}

export async function tryScript(input: SieveTrialInput): Promise<SieveTrial> {
  const bytes = withCrlf(input.message);
  const end = headerEnd(bytes);
  const { fields } = parseHeader(end < 0 ? bytes : bytes.subarray(0, end));
  const from = input.from ?? addressIn(fields, 'return-path') ?? addressIn(fields, 'from') ?? '';
  const to = input.to ?? addressIn(fields, 'delivered-to') ?? addressIn(fields, 'to') ?? '';
  const compiled = compile(input.script);
  if (!compiled.ok) return { ok: false, problems: compiled.problems, warnings: compiled.warnings, from, to, text: [], actions: [] };
  const message = await openSieveMessage(new BufferSource(bytes), { from, to });
  const { folders } = input;
  const result = await run(compiled.program, message, environmentOf(input), {
    ...EMPTY_PORTS,
    folderExists: (name) => folders === undefined || ['INBOX', ...folders].includes(name),
    ...(input.included && { script: input.included }),
  });
  return {
    ok: result.problems.length === 0,
    problems: result.problems,
    warnings: [...compiled.warnings, ...result.warnings],
    from,
    to,
    text: result.actions.map(describeAction),
    actions: result.actions.map(plainAction),
  };
}

const DAY_S = 86_400;

function environmentOf({ now, hostname = 'localhost', spam }: SieveTrialInput): SieveEnvironment {
  return {
    now,
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    items: { domain: hostname.replace(/^[^.]*\./, ''), host: hostname, location: 'MDA', phase: 'during', name: 'Posthorn' },
    detailSeparator: '+',
    vacation: { periodMinSeconds: 0, periodDefaultSeconds: 7 * DAY_S, periodMaxSeconds: 365 * DAY_S },
    ...(spam !== undefined && { spam: { score: spam, percent: spam * 10 } }),
  };
}

function plainAction(action: SieveAction): Readonly<Record<string, unknown>> {
  if (!('edition' in action)) return { ...action };
  const { edition, ...rest } = action;
  return edition === undefined ? rest : { ...rest, changes: edition.changes, header: edition.header.toString() };
}

function addressIn(fields: readonly HeaderField[], name: string): string | undefined {
  const value = firstField(fields, name)?.value;
  if (value === undefined) return undefined;
  if (value.trim() === '<>') return '';
  return parseAddressList(value)[0]?.address;
}

function withCrlf(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  return Buffer.from(text.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
}
