/**
 * An examination as paragraphs for people: what keeps mail from arriving first, and of that what costs most. One cause that
 * shows on many domains is one paragraph with their number; what follows from it stands below it and asks for nothing.
 */
import { domainScores } from '../../doctor/domain-scores.ts';
import type { Examination, Result } from '../../doctor/examination.ts';

export interface Paragraph {
  readonly level: Result['level'];
  readonly title: string;
  /** What it is about; the first of many. */
  readonly subjects: readonly string[];
  /** What was found, of the first subject. */
  readonly text: string;
  readonly remedy?: string;
  /** Each as a line of a zone file. */
  readonly records: readonly string[];
  readonly link?: string;
  /** Seen, too, because of this; not to be mended by itself. */
  readonly consequences: readonly string[];
  readonly check: string;
}

export interface ExaminationText {
  /** What the score means, in a sentence. */
  readonly verdict: string;
  /** How many of each kind, consequences left out. */
  readonly counts: string;
  readonly sections: readonly { readonly title: string; readonly paragraphs: readonly Paragraph[] }[];
}

const RECORDS_SHOWN = 3;

export function examinationText({ score, results }: Pick<Examination, 'score' | 'results'>): ExaminationText {
  const own = results.filter(({ causedBy }) => causedBy === undefined);
  const of = (title: string, level: Result['level'], keyOf: (result: Result) => string) => ({ title, paragraphs: [...Map.groupBy(own.filter((result) => result.level === level), keyOf).values()].map((group) => paragraphOf(group, results)) });
  const count = (level: Result['level']): number => own.filter((result) => result.level === level).length;
  return {
    verdict: `${verdictOf(score, own)}${worstDomain(results)}`,
    counts: `${count('fail')} failed, ${count('warn')} warnings, ${count('pass')} passed, ${count('unknown')} unknown`,
    sections: [
      of('To repair, what matters most first', 'fail', likeness),
      of('Could be better', 'warn', likeness),
      of('Not known, and not held against you', 'unknown', likeness),
      of('Good', 'pass', ({ check }) => check),
    ].filter(({ paragraphs }) => paragraphs.length > 0),
  };
}

/** With several domains the score is that of the worst: which one? */
function worstDomain(results: readonly Result[]): string {
  const scores = [...domainScores(results)].toSorted(([, a], [, b]) => a.score - b.score);
  const [worst, next] = scores;
  const best = scores.at(-1);
  if (!worst || !best || worst[1].score === best[1].score) return '';
  const alike = scores.filter(([, { score }]) => score === worst[1].score).length;
  return ` That is the score of ${alike > 1 ? `${alike} of ${scores.length} domains, such as ${worst[0]}` : `the worst domain, ${worst[0]}`}; ${alike < scores.length - 1 ? `the others have ${(scores[alike] ?? next)?.[1].score} to ${best[1].score}` : `the other has ${best[1].score}`}.`;
}

/** From this share of checks that nobody could make on, a score means nothing. */
const UNKNOWN_MUCH = 0.4;

function verdictOf(score: number, own: readonly Result[]): string {
  const unknown = own.filter(({ level }) => level === 'unknown').length;
  const judged = own.filter(({ level }) => level !== 'skip').length;
  if (judged > 0 && unknown / judged >= UNKNOWN_MUCH) return `But ${unknown} of ${judged} checks could not be made, so that says little: see why below, and try again. If no name server answers, look at servers of [dns] in posthorn.toml or at /etc/resolv.conf.`;
  const failed = own.some(({ level }) => level === 'fail');
  if (score >= 9) return failed ? 'Your mail should arrive; mend what fails below all the same.' : 'Nothing here keeps your mail from arriving.';
  if (score >= 7) return 'Most of your mail should arrive; what is below costs trust.';
  if (score >= 5) return 'Some receivers will put your mail among the spam or refuse it.';
  return score > 0 ? 'Many receivers will refuse your mail or put it among the spam.' : 'Hardly any mail will arrive.';
}

/** Findings of one cause: the same check with the same words, whatever domain, address or figure stands in them. */
function likeness({ check, subject, text }: Result): string {
  return `${check} ${text.replaceAll(subject, '@').replaceAll(/\d+/g, '#')}`;
}

function paragraphOf(group: readonly Result[], all: readonly Result[]): Paragraph {
  const [first] = group as readonly [Result, ...Result[]];
  const { level, title, text, remedy, link, check } = first;
  const bad = level === 'fail' || level === 'warn';
  const records = group.flatMap(({ record }) => record?.split('\n') ?? []);
  const ofFirst = first.record?.split('\n').length ?? 0;
  const subjects = [...new Set(group.map(({ subject }) => subject))];
  return {
    level, title, subjects, text, check, ...(remedy === undefined ? {} : { remedy }), ...(bad ? { link } : {}),
    records: group.length > RECORDS_SHOWN ? records.slice(0, ofFirst) : records,
    consequences: bad ? consequencesOf(first, all) : [],
  };
}

/** Of a domain or address its own; what is about the whole host may follow from any. */
function consequencesOf(cause: Result, all: readonly Result[]): readonly string[] {
  const others = new Set(all.filter(({ check, subject }) => check === cause.check && subject !== cause.subject).map(({ subject }) => subject));
  return [...new Set(all.filter(({ causedBy, subject }) => causedBy === cause.check && !others.has(subject)).map(({ title }) => title))];
}
