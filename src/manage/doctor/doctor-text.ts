/**
 * An examination as paragraphs for people: what keeps mail from arriving first, and of that what costs most. One cause that
 * shows on many domains is one paragraph with their number; what follows from it stands below it and asks for nothing. What
 * nobody knows because look-ups had no answer is one paragraph, too.
 */
import { CHECKS } from '../../doctor/checks/all.ts';
import { domainScores } from '../../doctor/domain-scores.ts';
import type { Examination, Result } from '../../doctor/examination.ts';

export interface Paragraph {
  readonly level: Result['level'];
  readonly title: string;
  /** What it is about; the first of many. */
  readonly subjects: readonly string[];
  /** What was found, of the first subject. */
  readonly text: string;
  /** Why it matters; of what is bad. */
  readonly why?: string;
  readonly remedy?: string;
  /** Each as a line of a zone file. */
  readonly records: readonly string[];
  readonly link?: string;
  /** Seen, too, because of this, or unknown for want of the same answers; not to be mended by itself. */
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
    counts: `${count('fail')} failed, ${counted(count('warn'), 'warning')}, ${count('pass')} passed, ${count('unknown')} unknown`,
    sections: [
      of('To repair, what matters most first', 'fail', likeness),
      of('Could be better', 'warn', likeness),
      { title: 'Not known, and not held against you', paragraphs: unknownParagraphs(own.filter(({ level }) => level === 'unknown'), results) },
      of('Good', 'pass', ({ check }) => check),
    ].filter(({ paragraphs }) => paragraphs.length > 0),
  };
}

function rangeText(low: number, high: number): string {
  return low === high ? `${low}` : `${low} to ${high}`;
}

/** With several domains the score is that of the worst: which one? */
function worstDomain(results: readonly Result[]): string {
  const scores = [...domainScores(results)].toSorted(([, a], [, b]) => a.score - b.score);
  const [worst, next] = scores;
  const best = scores.at(-1);
  if (!worst || !best || worst[1].score === best[1].score) return '';
  const alike = scores.filter(([, { score }]) => score === worst[1].score).length;
  return ` That is the score of ${alike > 1 ? `${alike} of ${scores.length} domains, such as ${worst[0]}` : `the worst domain, ${worst[0]}`}; ${alike < scores.length - 1 ? `the others have ${rangeText((scores[alike] ?? next)?.[1].score ?? best[1].score, best[1].score)}` : `the other has ${best[1].score}`}.`;
}

/** From this share of checks that nobody could make on, a score means nothing. */
const UNKNOWN_MUCH = 0.4;
/** Who does not know what costs so many points cannot say that all is well. */
const WEIGHTY = 2;

function verdictOf(score: number, own: readonly Result[]): string {
  const notKnown = own.filter(({ level }) => level === 'unknown');
  const unknown = notKnown.length;
  const judged = own.filter(({ level }) => level !== 'skip').length;
  if (judged > 0 && unknown / judged >= UNKNOWN_MUCH) return `But ${unknown} of ${judged} checks could not be made, so that says little: see why below, and try again.`;
  const failed = own.some(({ level }) => level === 'fail');
  if (score >= 9 && !failed && notKnown.some(({ weight }) => weight >= WEIGHTY)) return `Nothing that was found keeps your mail from arriving; but ${counted(unknown, 'check')} could not be made, see below.`;
  if (score >= 9) return failed ? 'Your mail should arrive; mend what fails below all the same.' : 'Nothing here keeps your mail from arriving.';
  if (score >= 7) return 'Most of your mail should arrive; what is below costs trust.';
  if (score >= 5) return 'Some receivers will put your mail among the spam or refuse it.';
  return score > 0 ? 'Many receivers will refuse your mail or put it among the spam.' : 'Hardly any mail will arrive.';
}

/** From so many checks on that want for the same answers, they are one paragraph. */
const WANTING_MIN = 3;
const NAMES_SHOWN = 4;

function unknownParagraphs(results: readonly Result[], all: readonly Result[]): readonly Paragraph[] {
  const wanting = Map.groupBy(results, ({ unanswered }) => unanswered?.reason);
  return [...wanting].flatMap(([reason, group]) => (reason !== undefined && group.length >= WANTING_MIN ? [unansweredParagraph(reason, group)] : [...Map.groupBy(group, likeness).values()].map((alike) => paragraphOf(alike, all))));
}

const REASONS: Readonly<Record<string, string>> = {
  timeout: 'did not answer in time',
  servfail: 'answered that they could not find out (SERVFAIL)',
  refused: 'refused to answer (REFUSED)',
  network: 'could not be reached',
  malformed: 'answered with what is no DNS answer',
  formerr: 'answered that they cannot read the question (FORMERR)',
  notimp: 'answered that they do not know such questions (NOTIMP)',
  bogus: 'answered that its signatures are wrong (SERVFAIL)',
  truncated: 'answered with a part over UDP, and not over TCP',
};

function unansweredParagraph(reason: string, group: readonly Result[]): Paragraph {
  const names = [...new Set(group.flatMap(({ unanswered }) => unanswered?.name ?? []))];
  const subjects = [...new Set(group.map(({ subject }) => subject))];
  return {
    level: 'unknown', check: 'dns', title: 'Look-ups without an answer', subjects: [], records: [],
    text: `${group.length} checks could not be made: the name servers that this server asks ${REASONS[reason] ?? 'did not answer'} when asked for ${names.slice(0, NAMES_SHOWN).join(', ')}${names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more names` : ''}.`,
    remedy: `Try again in a minute. If all names are concerned, see whether the name servers work that this server asks (servers in [dns] of posthorn.toml, else /etc/resolv.conf). If only those of ${subjects[0] ?? 'one domain'} are, tell whoever runs its name servers: others get no answer, either.`,
    consequences: [...new Set(group.map(({ title }) => title))],
  };
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
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
    level, title, subjects, text, check, ...(bad ? whyOf(check) : {}), ...(remedy === undefined ? {} : { remedy }), ...(bad ? { link } : {}),
    records: group.length > RECORDS_SHOWN ? records.slice(0, ofFirst) : records,
    consequences: bad ? consequencesOf(first, all) : [],
  };
}

function whyOf(check: string): { readonly why?: string } {
  const why = CHECKS.find(({ id }) => id === check)?.why;
  return why === undefined ? {} : { why };
}

/** Of a domain or address its own; what is about the whole host may follow from any. */
function consequencesOf(cause: Result, all: readonly Result[]): readonly string[] {
  const others = new Set(all.filter(({ check, subject }) => check === cause.check && subject !== cause.subject).map(({ subject }) => subject));
  return [...new Set(all.filter(({ causedBy, subject }) => causedBy === cause.check && !others.has(subject)).map(({ title }) => title))];
}
