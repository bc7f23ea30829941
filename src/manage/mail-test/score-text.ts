/** The report of the mail-tester as lines for people: what costs points first, each with its fix. */
import { safeForTerminal } from '../../mail/text.ts';
import type { Result } from '../../doctor/examination.ts';
import { pointsOf } from '../../doctor/score.ts';
import type { ScoreReport } from './score.ts';

export interface ReportSection {
  readonly title: string;
  readonly items: readonly ReportItem[];
}

export interface ReportItem {
  readonly level: Result['level'];
  readonly title: string;
  readonly text: string;
  /** Points that it costs; 0 for what is good or unknown. */
  readonly points: number;
  readonly cap?: number;
  readonly remedy?: string;
  readonly record?: string;
  readonly link?: string;
}

/** In one sentence. */
export function verdictOf({ score }: Pick<ScoreReport, 'score'>): string {
  if (score >= 9) return 'It should arrive in the inbox.';
  if (score >= 7) return 'It should arrive; what is below costs trust.';
  if (score >= 5) return 'Some receivers will put it among the spam.';
  return 'Many receivers will refuse it or put it among the spam.';
}

/** What fails, what could be better, what is not known, what is good. Empty ones are left out. */
export function sectionsOf({ results }: Pick<ScoreReport, 'results'>): readonly ReportSection[] {
  const of = (title: string, level: Result['level']): ReportSection => ({ title, items: results.filter((result) => result.level === level).map((result) => itemOf(result, results.find(({ check }) => check === result.causedBy))) });
  return [of('To repair', 'fail'), of('Could be better', 'warn'), of('Not known', 'unknown'), of('Good', 'pass')].filter(({ items }) => items.length > 0);
}

/** A consequence is mended with its cause, and costs nothing of its own. */
function itemOf({ level, title, text, weight, cap, remedy, record, link }: Result, cause: Result | undefined): ReportItem {
  if (cause) return { level, title, text: safeForTerminal(`${text} This goes away with "${cause.title}".`), points: 0 };
  const bad = level === 'fail' || level === 'warn';
  return {
    level,
    title,
    text: safeForTerminal(text),
    points: pointsOf({ level, weight }),
    ...(level === 'fail' && cap !== undefined ? { cap } : {}),
    ...(bad && remedy !== undefined ? { remedy: safeForTerminal(remedy) } : {}),
    ...(bad && record !== undefined ? { record: safeForTerminal(record) } : {}),
    ...(bad ? { link } : {}),
  };
}

/** As `−2.5` or `at most 4`. */
export function costOf({ points, cap }: ReportItem): string {
  const parts = [...(points > 0 ? [`−${Math.round(points * 100) / 100}`] : []), ...(cap === undefined ? [] : [`at most ${cap}`])];
  return parts.join(', ');
}

/** How it came, as pairs. */
export function factsShown({ message, connection, authentication, spam }: ScoreReport): readonly (readonly [string, string])[] {
  const { address, helo, sender, encrypted } = connection;
  const dkim = authentication.dkim.map(({ result, domain }) => `${result}${domain === undefined ? '' : ` (${domain})`}`).join(', ');
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['From', message.from],
    ['Subject', message.subject],
    ['Envelope sender', sender === '' ? '<>' : sender],
    ['Came from', address === undefined ? undefined : `${authentication.ptr ?? 'no name'} [${address}]${helo === undefined ? '' : `, which says ${helo}`}`],
    ['TLS', encrypted === undefined ? undefined : encrypted ? 'yes' : 'no'],
    ['SPF', authentication.spf],
    ['DKIM', dkim === '' ? 'no signature' : dkim],
    ['DMARC', authentication.dmarc],
    ['Spam score', `${spam.score}${spam.rules.length === 0 ? '' : ` (${spam.rules.map(({ rule, score }) => `${rule} ${score}`).join(', ')})`}`],
    ['Size', `${message.sizeBytes} bytes`],
  ];
  return facts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[name, safeForTerminal(value)] as const]));
}
