/**
 * The guard's mail to the postmaster: what changed for the worse, since when, why it matters, and the exact record or
 * command that mends it; then what was mended. For readers who know no DNS.
 */
import { GUARD_LIMITS } from '../../base/guard-limits.ts';
import type { News, NewsKind } from './kept-state.ts';

/** News with the words of the check that found it. */
export interface NewsEntry extends News {
  readonly title: string;
  /** Why it matters. */
  readonly why?: string;
  /** What was found. */
  readonly text: string;
  readonly remedy?: string;
  readonly record?: string;
  readonly link?: string;
}

export interface GuardNote {
  readonly subject: string;
  readonly text: string;
}

/** What a mail is written for at once; the rest waits for the daily one. */
export const URGENT: ReadonlySet<NewsKind> = new Set(['worse', 'unsteady', 'unknown']);

/** Undefined: there is nothing to tell. `score`: of the last whole examination; `more`: changes that are counted only. */
export function guardNote(entries: readonly NewsEntry[], hostname: string, { score, more = 0 }: { readonly score?: number; readonly more?: number } = {}): GuardNote | undefined {
  if (entries.length === 0) return undefined;
  const of = (...kinds: readonly NewsKind[]): readonly NewsEntry[] => entries.filter(({ kind }) => kinds.includes(kind));
  const worse = of('worse').toSorted(failuresFirst);
  const parts = [
    section('Worse than before', worse, inFull),
    section('Unsteady', of('unsteady'), inFull),
    section('Could not be checked for days', of('unknown'), inShort),
    section('Better, but not yet good', of('better'), inFull),
    section('Mended', of('mended', 'known-again'), inShort),
    ...(more > 0 ? [`And ${more} changes more: posthorn guard status`] : []),
  ].filter((part) => part !== '');
  return { subject: subjectOf(entries, hostname), text: `${intro(entries, hostname, score)}\n\n${parts.join('\n\n')}\n\n${OUTRO}` };
}

const OUTRO = `Each change is told once. To see more:
  posthorn guard status          what is wrong now, and since when
  posthorn doctor                everything, checked afresh
  posthorn guard acknowledge CHECK SUBJECT     no more mail about one finding until it is mended`;

function subjectOf(entries: readonly NewsEntry[], hostname: string): string {
  const urgent = entries.filter(({ kind }) => URGENT.has(kind)).toSorted(failuresFirst);
  const [only] = urgent;
  if (!only && entries.every(({ kind }) => kind === 'known-again')) return `${hostname}: ${counted(entries)} can be made again`;
  if (urgent.length > 0 && urgent.every(({ kind }) => kind === 'unknown')) return `${hostname}: ${counted(urgent)} could not be made for days`;
  if (!only) return `${hostname}: ${entries.length === 1 ? `${entries[0]?.title} is ${entries[0]?.kind === 'better' ? 'better' : 'mended'}` : `${entries.length} things are better or mended`}`;
  const first = `${only.title} (${only.subject})`;
  return `${hostname}: ${only.to === 'fail' ? 'mail may not arrive' : 'something is worse'}: ${urgent.length === 1 ? first : `${first} and ${urgent.length - 1} more`}`;
}

function counted(entries: readonly NewsEntry[]): string {
  const [only] = entries;
  return entries.length === 1 && only ? `the check ${only.title} (${only.subject})` : `${entries.length} checks`;
}

function failuresFirst(a: NewsEntry, b: NewsEntry): number {
  return Number(b.to === 'fail') - Number(a.to === 'fail');
}

function intro(entries: readonly NewsEntry[], hostname: string, score: number | undefined): string {
  return `This is the guard of the mail server ${hostname}. ${whatHappened(new Set(entries.map(({ kind }) => kind)))}${score === undefined || entries.every(({ kind }) => kind === 'unknown') ? '' : `\nScore of the last examination: ${score} of 10.`}`;
}

function whatHappened(kinds: ReadonlySet<NewsKind>): string {
  if (kinds.has('worse') || kinds.has('unsteady')) return 'Something that decides whether your mail arrives has changed for the worse.';
  // Unknown is not bad; when much is unknown it is one cause.
  if (kinds.has('unknown')) return 'For days it could not find out what is listed below. Nothing says that it is bad. Mostly the name servers that this server asks do not answer: look at servers of [dns] in posthorn.toml, or at /etc/resolv.conf.';
  return kinds.has('mended') || kinds.has('better') ? 'Something that was wrong has been mended.' : 'What could not be checked for a while can be checked again, and is as it was.';
}

function section(title: string, entries: readonly NewsEntry[], show: (entry: NewsEntry) => string): string {
  if (entries.length === 0) return '';
  const shown = entries.slice(0, GUARD_LIMITS.shownMax).map(show);
  if (entries.length > shown.length) shown.push(`… and ${entries.length - shown.length} more: posthorn guard status`);
  return [title, '='.repeat(title.length), shown.join('\n\n')].join('\n');
}

const WORDS = { fail: 'FAILS', warn: 'warning', pass: 'good', skip: 'does not apply any more', unknown: 'cannot be told' } as const;

function inFull(entry: NewsEntry): string {
  const { title, subject, from, to, since, text, remedy, record, why, link, check, turns, kind } = entry;
  const before = from === undefined || from === 'skip' ? ' (so at the first look)' : from === to ? '' : `, was ${WORDS[from]}`;
  const state = kind === 'unsteady' ? `turned ${turns ?? 'several'} times within a week, now ${WORDS[to]}` : `${WORDS[to]}${before}`;
  const lines = [
    `* ${title}: ${subject}`,
    `  ${state}; ${kind === 'unsteady' ? 'first turn' : 'since'} ${dateOf(since)}`,
    `  What:  ${text}`,
    ...(why === undefined ? [] : [`  Why it matters:  ${why}`]),
    ...(remedy === undefined ? [] : [`  Do:  ${remedy}`]),
    ...(record === undefined ? [] : recordLines(record)),
    ...(link === undefined ? [] : [`  See:  ${link}`]),
    `  Look again:  posthorn doctor --only ${check}`,
  ];
  return lines.map(oneLine).join('\n');
}

/** Each line of it is one record. */
function recordLines(record: string): readonly string[] {
  const records = record.split('\n');
  return [records.length === 1 ? '  Record to publish, in one line:' : '  Records to publish, each in one line:', ...records.map((each) => `    ${each}`)];
}

const SHORT = { mended: 'good', unknown: 'not known' } as const;

function inShort({ title, subject, text, since, kind }: NewsEntry): string {
  return [`* ${title}: ${subject}, ${kind === 'mended' || kind === 'unknown' ? `${SHORT[kind]} since ${dateOf(since)}` : 'can be checked again'}`, `  ${text}`].map(oneLine).join('\n');
}

/** What others publish must not add lines of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/gu, ' ');
}

function dateOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
