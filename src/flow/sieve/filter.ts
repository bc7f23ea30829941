/**
 * Sieve at delivery: runs the scripts of an account over a message and carries out what they want, as one outcome that is
 * committed with the fate of the recipient.
 *
 * Policy: a run-time error keeps the message where it would go without a script, is on the timeline, and is told to the
 * user once a day for each version of the script. Junk keeps its folder unless a script names another one: it is not
 * refused, not sent on and not answered, because nobody vouches for it. What cannot be looked up now is temporary.
 */
import { createHash } from 'node:crypto';
import { BufferSource, concatenate } from '../../base/byte-source.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { FilterRequest, FilterVerdict, LocalFilter } from '../../contract/local-filter.ts';
import type { MessageEvent, ScriptMemory } from '../../contract/queue.ts';
import type { KeepAction, MessageEdition, SieveAction } from '../../sieve/action.ts';
import { describeAction } from '../../sieve/action-text.ts';
import { editedMessage, laterEdition, openSieveMessage, run, type SieveEnvironment, type SieveMessage, type SieveProblem } from '../../sieve/script.ts';
import { CarryOut, type CarryOutPorts } from './carry-out.ts';
import { ownCopy } from './copies.ts';
import { scriptTrouble } from './script-trouble.ts';
import { ScriptSources, type LoadedScript } from './script-sources.ts';
import { sievePorts, type LookupPorts } from './lookups.ts';

export interface SieveFilterOptions extends CarryOutPorts, LookupPorts {
  readonly sources: ScriptSources;
  readonly version: string;
}

const TOLD_ONCE_IN_MS = 86_400_000;
const DAY_S = 86_400;

export function createSieveFilter(options: SieveFilterOptions): LocalFilter {
  return {
    filter: async (request) => {
      const scripts = await options.sources.of(request.account);
      return scripts.length === 0 ? undefined : filterWith(options, scripts, request);
    },
  };
}

interface Ran {
  readonly actions: readonly SieveAction[];
  readonly problems: readonly { readonly script: LoadedScript; readonly problem: SieveProblem }[];
  readonly warnings: readonly string[];
  readonly remember: readonly ScriptMemory[];
}

async function filterWith(options: SieveFilterOptions, scripts: readonly LoadedScript[], request: FilterRequest): Promise<FilterVerdict> {
  const { recipient, message, prefix, content, account } = request;
  const seen = concatenate([new BufferSource(prefix), content]);
  const sieveMessage = await openSieveMessage(seen, { from: message.sender, to: recipient.via ?? recipient.address });
  const ran = await runAll(options, scripts, request, sieveMessage);
  const done = await new CarryOut(options, request, sieveMessage).carryOut(ran.actions);
  const now = options.clock.now();
  const told = await tellOwner(options, ran, account, now);
  const event: MessageEvent = {
    at: now,
    name: MESSAGE_EVENTS.filtered,
    recipient: recipient.index,
    data: {
      scripts: scripts.map(({ name }) => name),
      actions: ran.actions.filter(({ kind }) => kind !== 'remember').map(describeAction),
      ...(done.notes.length + ran.warnings.length > 0 && { notes: [...ran.warnings, ...done.notes] }),
      ...(ran.problems.length > 0 && { problems: ran.problems.map(({ script, problem }) => problemText(script, problem)) }),
    },
  };
  const { verdict } = done;
  // A verdict of failure is told by a report; nothing else happens with the message.
  if (verdict.status !== 'delivered') return { ...verdict, effects: { deposits: [], enqueue: [], events: [event], remember: [] } };
  return {
    ...verdict,
    effects: {
      deposits: [...done.deposits, ...told.deposits],
      enqueue: done.enqueue,
      events: [event],
      remember: [...done.remember, ...ran.remember, ...told.remember],
    },
  };
}

/** One after the other, as long as the message stays for the next, which sees it as the one before left it. */
async function runAll(options: SieveFilterOptions, scripts: readonly LoadedScript[], request: FilterRequest, message: SieveMessage): Promise<Ran> {
  const environment = environmentOf(options, request);
  const extended: ScriptMemory[] = [];
  const ports = sievePorts(options, options.sources, request.account, (memory) => extended.push(memory));
  const before: SieveAction[] = [];
  const warnings: string[] = [];
  const flags = new Set<string>();
  let edition: MessageEdition | undefined;
  let current = message;
  for (const [at, script] of scripts.entries()) {
    const { compiled } = script;
    if (!compiled.ok) return broken(before, edition, script, compiled.problems, warnings, extended);
    const result = await run(compiled.program, current, environment, ports);
    warnings.push(...result.warnings.map((warning) => `${script.name}, line ${warning.line}: ${warning.message}`));
    if (result.problems.length > 0) return broken(before, edition, script, result.problems, warnings, extended);
    const made = result.actions.map((action) => ('edition' in action ? { ...action, edition: laterEdition(edition, action.edition) } : action));
    const staying = made.find((action): action is KeepAction => action.kind === 'keep' && action.implicit);
    for (const flag of staying?.flags ?? []) flags.add(flag);
    if (!staying || at === scripts.length - 1) {
      const actions = made.map((action) => (action === staying ? { ...staying, flags: [...flags] } : action));
      return { actions: [...before, ...actions], problems: [], warnings, remember: extended };
    }
    before.push(...made.filter((action) => action !== staying));
    if (staying.edition === edition) continue;
    ({ edition } = staying);
    current = await openSieveMessage(editedMessage(message.content, edition), { from: message.envelopeFrom, to: message.envelopeTo });
  }
  return { actions: before, problems: [], warnings, remember: extended };
}

/** RFC 5228 §2.10.6: the implicit keep, and what scripts before it had decided. */
function broken(before: readonly SieveAction[], edition: MessageEdition | undefined, script: LoadedScript, problems: readonly SieveProblem[], warnings: readonly string[], remember: readonly ScriptMemory[]): Ran {
  const keep: SieveAction = { kind: 'keep', implicit: true, flags: [], edition, line: problems[0]?.line ?? 1 };
  return { actions: [...before, keep], problems: problems.map((problem) => ({ script, problem })), warnings, remember };
}

function environmentOf({ config, clock, version }: SieveFilterOptions, { message, folder }: FilterRequest): SieveEnvironment {
  const periodMinSeconds = Math.ceil((config.sieve?.vacationMinPeriodMs ?? DAY_S * 1000) / 1000);
  const { clientAddress, clientName, kind } = message.origin;
  const judged = folder === 'Junk' || kind === 'inbound';
  return {
    now: clock.now(),
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    items: {
      domain: config.hostname.replace(/^[^.]*\./, ''), host: config.hostname, location: 'MDA', phase: 'during', name: 'Posthorn', version,
      ...(clientAddress === undefined ? {} : { 'remote-ip': clientAddress }),
      ...(clientName === undefined ? {} : { 'remote-host': clientName }),
    },
    detailSeparator: '+',
    vacation: { periodMinSeconds, periodDefaultSeconds: Math.max(7 * DAY_S, periodMinSeconds), periodMaxSeconds: Math.max(365 * DAY_S, periodMinSeconds) },
    ...(judged && { spam: folder === 'Junk' ? { score: 10, percent: 100 } : { score: 1, percent: 0 } }),
  };
}

function problemText({ name }: LoadedScript, { line, message, script }: SieveProblem): string {
  return `${script ?? name}, line ${line}: ${message}`;
}

/** At most one message for each version of a script and day; the administrator's scripts are not the user's to mend. */
async function tellOwner({ clock, config, scripts, log, queueId }: SieveFilterOptions, { problems }: Ran, account: string, now: number): Promise<{ deposits: FilterVerdictDeposits; remember: ScriptMemory[] }> {
  const [first] = problems;
  if (!first) return { deposits: [], remember: [] };
  log.warn('sieve.script-failed', { account, script: first.script.name, line: first.problem.line, error: first.problem.message });
  if (first.script.isGlobal) return { deposits: [], remember: [] };
  const key = createHash('sha256').update(first.script.digest).digest('hex');
  const memory = { account, kind: 'told', key } as const;
  if (await scripts.remembers({ ...memory, at: clock.now() })) return { deposits: [], remember: [] };
  const text = scriptTrouble({ account, hostname: config.hostname, script: first.script.name, problems: problems.map(({ script, problem }) => problemText(script, problem)), id: queueId(now), now });
  return { deposits: [await ownCopy(account, text, { folder: 'INBOX', flags: [] }, now)], remember: [{ ...memory, expiresAt: now + TOLD_ONCE_IN_MS }] };
}

type FilterVerdictDeposits = NonNullable<FilterVerdict['effects']>['deposits'];
