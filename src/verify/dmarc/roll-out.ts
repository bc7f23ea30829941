/**
 * From p=none to p=reject in stages, by what receivers reported: where a domain stands, what the next stage is, from when,
 * under which conditions, and which source of mail is in the way. Pure.
 *
 * Policy (docs/decisions/0252): nothing is advised on few reports. Each tightening is tried with t=y first (RFC 9989
 * §4.7: receivers do one step less), which is what pct was once for. p=reject only when everything is signed with DKIM and
 * next to nothing is forwarded (RFC 9989 §7.4: people who write to mailing lists).
 */
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { KNOWN_SERVICES } from '../spf/known-services.ts';
import { looksForwarded } from '../reports/looks-forwarded.ts';
import { isSameOrBelow } from '../domain-name.ts';
import type { DmarcRecord } from './record.ts';
import { recordOfStage, stageOf, type Stage } from './stage.ts';

export interface RollOutInput {
  /** Whose record it is. */
  readonly domain: string;
  /** Undefined: there is none. */
  readonly record: DmarcRecord | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of the last ROLL_OUT.windowMs. */
  readonly sources: readonly DmarcSourceSummary[];
  readonly reports: number;
  readonly reporters: number;
  /** Begin of the oldest report from which on all found the policy of today; undefined: none did. */
  readonly stageSince: number | undefined;
  /** Addresses that our own server sends from. */
  readonly ownAddresses: readonly string[];
  /** Addresses and domains that the owner says to be somebody else's: forgeries. */
  readonly notOurs: readonly string[];
}

export interface Finding {
  readonly source: string;
  readonly messages: number;
  readonly text: string;
}

export interface RollOut {
  readonly domain: string;
  readonly stage: Stage;
  readonly meaning: string;
  /** The figures in one sentence. */
  readonly summary: string;
  readonly figures: { readonly reports: number; readonly reporters: number; readonly messages: number; readonly passedShare: number; readonly dkimShare: number; readonly forwardedShare: number };
  /** Absent when there is nothing further to go to. */
  readonly next?: {
    readonly stage: Stage;
    readonly meaning: string;
    readonly record: { readonly name: string; readonly type: 'TXT'; readonly value: string };
    /** Milliseconds since 1970: not before. */
    readonly notBefore: number;
    readonly condition: string;
    /** Nothing is in the way, and the time has come. */
    readonly ready: boolean;
  };
  /** What is in the way. */
  readonly blockers: readonly Finding[];
  /** What to look at, without being in the way. */
  readonly notes: readonly Finding[];
}

const DAY_MS = 86_400_000;
export const ROLL_OUT = {
  /** Reports that are looked at. */
  windowMs: 30 * DAY_MS,
  /** How long p=none and p=quarantine are to stand before the next step; a month less two days for late reports. */
  stageMs: 28 * DAY_MS,
  testMs: 14 * DAY_MS,
  reportsMin: 10,
  reportersMin: 2,
  messagesMin: 50,
  /** Shares of the mail that is taken for ours. */
  passedMin: 0.98,
  dkimMin: 0.98,
  forwardedMax: 0.01,
  /** A source with a smaller share does not hold up the rest. */
  sourceShareMin: 0.005,
} as const;

const MEANINGS: Readonly<Record<Stage, string>> = {
  'no-record': 'others can write in your name, and nobody tells you',
  none: 'nothing happens to mail that fails; receivers report',
  'quarantine-test': 'spam folder announced, but only tried: receivers still deliver mail that fails',
  quarantine: 'mail that fails goes to the spam folder',
  'reject-test': 'refusal announced, but only tried: mail that fails goes to the spam folder',
  reject: 'mail that fails is refused',
};
const NEXT: Readonly<Record<Stage, Stage | undefined>> = { 'no-record': 'none', none: 'quarantine-test', 'quarantine-test': 'quarantine', quarantine: 'reject-test', 'reject-test': 'reject', reject: undefined };

export function planRollOut(input: RollOutInput): RollOut {
  const stage = stageOf(input.record);
  const sorted = input.sources.map((source) => ({ source, kind: kindOf(source, input) }));
  const ours = sorted.filter(({ kind }) => kind !== 'stranger').map(({ source }) => source);
  const figures = figuresOf(input, ours);
  const next = NEXT[stage];
  const base = { domain: input.domain, stage, meaning: MEANINGS[stage], summary: summaryOf(figures), figures };
  if (next === undefined) return { ...base, blockers: [], notes: notesOf(sorted, input) };
  const blockers = stage === 'no-record' ? [] : blockersOf(sorted, figures, next, input.ownAddresses);
  const notBefore = notBeforeOf(input, stage);
  return {
    ...base,
    next: {
      stage: next,
      meaning: MEANINGS[next],
      record: { name: `_dmarc.${input.domain}`, type: 'TXT', value: recordOfStage(input.domain, input.record, next) },
      notBefore,
      condition: conditionOf(stage),
      ready: blockers.length === 0 && notBefore <= input.now,
    },
    blockers,
    notes: notesOf(sorted, input),
  };
}

type SourceKind = 'ours' | 'service' | 'unaligned' | 'stranger';

/** Who authenticates as somebody else may be a service of ours or a spammer with a domain of his own: only the owner knows. */
function kindOf(source: DmarcSourceSummary, { notOurs, ownAddresses }: RollOutInput): SourceKind {
  const dismissed = notOurs.some((name) => name === source.sourceIp || source.seenDomains.some((domain) => isSameOrBelow(domain, name)));
  if (dismissed) return 'stranger';
  if (source.passed > 0 || ownAddresses.includes(source.sourceIp)) return 'ours';
  if (serviceOf(source) !== undefined) return 'service';
  return source.authenticatedElsewhere > 0 ? 'unaligned' : 'stranger';
}

function serviceOf({ seenDomains }: DmarcSourceSummary): string | undefined {
  return KNOWN_SERVICES.find(({ include }) => {
    const organization = include.split('.').slice(-2).join('.');
    return seenDomains.some((domain) => isSameOrBelow(domain, organization));
  })?.title;
}

function figuresOf({ reports, reporters }: RollOutInput, ours: readonly DmarcSourceSummary[]): RollOut['figures'] {
  const sum = (of: (source: DmarcSourceSummary) => number): number => ours.reduce((total, source) => total + of(source), 0);
  const all = sum(({ count }) => count);
  const passed = sum((source) => source.passed);
  // What was forwarded and failed on the way says nothing about how it was sent.
  const failedOnTheWay = sum((source) => Math.min(source.forwarded, source.count - source.passed));
  return {
    reports,
    reporters,
    messages: all,
    passedShare: share(passed, all - failedOnTheWay),
    dkimShare: share(sum(({ dkimAligned }) => dkimAligned), all - failedOnTheWay),
    forwardedShare: share(sum(({ forwarded }) => forwarded), all),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

type Sorted = readonly { readonly source: DmarcSourceSummary; readonly kind: SourceKind }[];

function blockersOf(sorted: Sorted, figures: RollOut['figures'], next: Stage, ownAddresses: readonly string[]): readonly Finding[] {
  const found: Finding[] = [];
  const whole = (text: string): void => void found.push({ source: '', messages: figures.messages, text });
  if (figures.reports < ROLL_OUT.reportsMin || figures.reporters < ROLL_OUT.reportersMin || figures.messages < ROLL_OUT.messagesMin) {
    whole(`Too little is known: ${plural(figures.reports, 'report')} of ${plural(figures.reporters, 'receiver')} about ${plural(figures.messages, 'message')} in 30 days; wait for at least ${ROLL_OUT.reportsMin} of ${ROLL_OUT.reportersMin} about ${ROLL_OUT.messagesMin}. See that rua leads to this server, and that reports arrive.`);
  }
  if (figures.messages > 0 && figures.passedShare < ROLL_OUT.passedMin) whole(`Only ${percent(figures.passedShare)} of your mail passes; ${percent(ROLL_OUT.passedMin)} are wanted.`);
  const strict = next === 'reject-test' || next === 'reject';
  if (strict && figures.forwardedShare > ROLL_OUT.forwardedMax) whole(`${percent(figures.forwardedShare)} of your mail is forwarded or goes through mailing lists, which breaks SPF and often DKIM: with p=reject part of it would be lost. Stay at p=quarantine.`);
  const large = sorted.filter(({ source }) => figures.messages > 0 && source.count / figures.messages >= ROLL_OUT.sourceShareMin);
  found.push(...large.flatMap(({ source, kind }) => blockerOf(source, kind, strict, ownAddresses)));
  return found;
}

function blockerOf(source: DmarcSourceSummary, kind: SourceKind, strict: boolean, ownAddresses: readonly string[]): readonly Finding[] {
  const { sourceIp, count, passed, dkimAligned, forwarded, headerFrom } = source;
  const say = (text: string): readonly Finding[] => [{ source: sourceIp, messages: count, text }];
  const domains = source.seenDomains.join(', ');
  if (kind === 'service') return say(`${serviceOf(source)} sends as ${headerFrom}, but authenticates as ${domains}: let it sign with DKIM for your domain ("custom domain" or "domain authentication" in its settings).`);
  if (kind === 'unaligned') return say(`Mail as ${headerFrom} authenticates as ${domains} only. If it is a service of yours, let it sign with DKIM for your domain; if it is not, say --not-ours ${source.seenDomains[0] ?? sourceIp}.`);
  if (kind !== 'ours') return [];
  const failed = count - passed - forwarded;
  if (failed / count > 1 - ROLL_OUT.passedMin && !ownAddresses.includes(sourceIp) && looksForwarded(source)) {
    return say(`${failed} of ${count} messages fail here, and none passes by SPF: a forwarder or a mailing list that changes mail, or a service of yours that does not sign all of it. When it is no service of yours, say --not-ours ${sourceIp}.`);
  }
  if (failed / count > 1 - ROLL_OUT.passedMin) return say(`${failed} of ${count} messages fail here, though others pass: some of what that server sends is neither signed with DKIM for ${headerFrom} nor sent with a return path of it.`);
  if (strict && (count - dkimAligned - forwarded) / count > 1 - ROLL_OUT.dkimMin) return say(`${count - dkimAligned} of ${count} messages pass by SPF alone, which breaks when mail is forwarded: let that server sign with DKIM for ${headerFrom}.`);
  return [];
}

function notesOf(sorted: Sorted, { record }: RollOutInput): readonly Finding[] {
  const strangers = sorted.filter(({ kind }) => kind === 'stranger').map(({ source }) => source);
  const messages = strangers.reduce((sum, { count }) => sum + count, 0);
  const [largest] = strangers.toSorted((a, b) => b.count - a.count);
  return [
    ...(largest ? [{ source: largest.sourceIp, messages, text: `${plural(messages, 'message')} of ${plural(strangers.length, 'source')} authenticate as nobody of yours, most of them from ${largest.sourceIp}: forgeries, as far as can be seen. If one of them is yours, let it sign with DKIM.` }] : []),
    ...(record?.sp !== undefined && rank(record.sp) < rank(record.p) ? [{ source: '', messages: 0, text: `sp=${record.sp} leaves names below the domain weaker than the domain itself; forgers look for that.` }] : []),
  ];
}

function rank(policy: DmarcRecord['p']): number {
  return ['none', 'quarantine', 'reject'].indexOf(policy);
}

function notBeforeOf({ now, stageSince }: RollOutInput, stage: Stage): number {
  if (stage === 'no-record') return now;
  return (stageSince ?? now) + (stage.endsWith('-test') ? ROLL_OUT.testMs : ROLL_OUT.stageMs);
}

function conditionOf(stage: Stage): string {
  const passes = `at least ${percent(ROLL_OUT.passedMin)} of your mail passes in the reports, and no source of yours fails`;
  switch (stage) {
    case 'no-record':
      return 'none: it harms nothing, and brings reports';
    case 'none':
      return `this policy stood for four weeks, ${passes}`;
    case 'quarantine-test':
      return `two weeks without complaints of your users, ${passes}`;
    case 'quarantine':
      return `this policy stood for four weeks, ${passes}; everything is signed with DKIM, and at most ${percent(ROLL_OUT.forwardedMax)} is forwarded or goes through mailing lists`;
    default:
      return `two weeks without complaints of your users, ${passes}; everything is signed with DKIM`;
  }
}

function summaryOf({ reports, reporters, messages, passedShare, dkimShare, forwardedShare }: RollOut['figures']): string {
  if (reports === 0) return 'no reports in 30 days';
  return `${plural(reports, 'report')} of ${plural(reporters, 'receiver')} in 30 days, about ${plural(messages, 'message')} of yours: ${percent(passedShare)} pass, ${percent(dkimShare)} by DKIM; ${percent(forwardedShare)} forwarded`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

function percent(part: number): string {
  return `${(Math.floor(part * 1000) / 10).toFixed(1).replace(/\.0$/, '')} %`;
}
